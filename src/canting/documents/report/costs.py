"""The section on costs: of the study, and of its models in use."""

import pandas as pd

from canting.config.columns import FOLD, SCENARIO
from canting.config.metrics import mean_of
from canting.config.tables import REPEAT
from canting.core.frames import records
from canting.documents import read
from canting.documents.content import Block, Section, Table, say
from canting.documents.numbers import count, decimal, score, seconds
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
                "Cost of each scenario, in time of one core: training over all folds, features of "
                "its network; then "
                "one picture through the whole network without the classifier: parameters, "
                "multiply-adds, size of the model, milliseconds on one thread (median).",
            ),
            *_batch_sizes(run),
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
    caption = "Features of each network, all views of all pictures, in time of one core."
    return Table(caption, ("network", "views", "time", "ms a picture"), rows)


def _batch_sizes(run: Run) -> tuple[Block, ...]:
    """Return time and score by batch size, where it varies."""
    if len(set(run.ranking["batch_size"])) == 1:
        return ()
    rows = tuple(
        (
            count(row["batch_size"]),
            count(row["scenarios"]),
            _milliseconds(row["each"]),
            seconds(row["all"]),
            score(row["mean"]),
            score(row["best"]),
        )
        for row in records(by_batch_size(run))
    )
    caption = (
        "Training by batch size: the mean time of one epoch of one fold, the time of all folds and "
        f"scenarios, and the mean and best of their {run.metric}. Time is by the clock, of "
        "trainings that ran side by side."
    )
    columns = ("batch size", "scenarios", "an epoch of a fold", "training", "mean", "best")
    return (Table(caption, columns, rows, words=0),)


def by_batch_size(run: Run) -> pd.DataFrame:
    """Return a row a batch size: the number of its scenarios, seconds of training, scores.

    `each` is the mean over the epochs of the first draw of the folds, as many as were trained; NaN
    where nothing was measured.
    """
    trained, costs = [SCENARIO, FOLD], run.train_costs
    curves = read.table(run.build / "train" / "curves.csv")
    epochs = curves.groupby(trained).size().rename("done").reset_index()
    first = costs[costs[REPEAT] == 1] if REPEAT in costs else costs
    sums = first.merge(epochs, on=trained).groupby(SCENARIO)[["seconds", "done"]].sum()
    every = costs.groupby(SCENARIO)["seconds"].sum().rename("every")
    table = run.ranking.assign(score=run.ranking[mean_of(run.params.select_best.column)])
    groups = table.join(sums, on=SCENARIO).join(every, on=SCENARIO).groupby("batch_size")
    totals = groups[["seconds", "done", "every"]].sum(min_count=1)
    found = {
        "scenarios": groups.size(),
        "each": totals["seconds"] / totals["done"],
        "all": totals["every"],
        "mean": groups["score"].mean(),
        "best": groups["score"].max(),
    }
    return pd.DataFrame(found).reset_index()


def _milliseconds(value: float) -> str:
    return f"{decimal(1000 * value)} ms" if value == value else decimal(value)
