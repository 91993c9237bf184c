"""The section on costs: of the study, and of its models in use."""

from canting.documents.content import Section, Table, say
from canting.documents.numbers import count, decimal, seconds
from canting.documents.report import scenarios
from canting.documents.run import Run


def section(run: Run) -> Section:
    """Return seconds of the features and the trainings, and the cost of each model."""
    return Section(
        "Costs",
        (
            say(
                f"All trainings together took {seconds(run.train_seconds)}, failed ones included. "
                "The frozen part of a network answers every view of every picture once; all folds "
                "and scenarios of one network share these answers, so their seconds are counted "
                "once. A dash: not measured on this machine."
            ),
            _trunks(run),
            scenarios.costs(
                run,
                "Cost of each scenario: training over all folds, features of its network, then "
                "one picture through the whole network without the classifier: parameters, "
                "multiply-adds, size of the model, milliseconds on one thread (median).",
            ),
            say(
                "Times were measured on the machine named under “Reproduce it”; others will differ."
            ),
        ),
    )


def _trunks(run: Run) -> Table:
    rows = tuple(
        (
            name,
            count(cost["views"]),
            seconds(cost["seconds"]),
            decimal(cost["milliseconds"]),
        )
        for name, cost in sorted(run.feature_costs.items())
    )
    caption = "Features of each network, all views of all pictures."
    return Table(caption, ("network", "views", "time", "ms a picture"), rows)
