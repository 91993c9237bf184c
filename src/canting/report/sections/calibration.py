"""Whether a probability is what it says."""

from canting.report.content import Section, Strong, Table, figure, say
from canting.report.run import Run
from canting.report.words import score


def section(run: Run) -> Section:
    """Return temperature and calibration error of each scenario, and the reliability plot."""
    return Section(
        "Calibration",
        (
            say(
                "A model that says 0.9 should be right in nine of ten cases. One temperature, by "
                "which all logits are divided, is fitted to the out-of-fold predictions [3]. The "
                "figures after scaling are of folds that the temperature was not fitted to. "
                "Expected calibration error (ECE): the mean gap between confidence and accuracy, "
                f"over {run.params.evaluate.calibration_bins} bins of equal width."
            ),
            _table(run),
            *figure(
                run.results / "evaluate" / "reliability.png",
                f"Accuracy by confidence, before and after scaling: {run.short(run.leader)}.",
                "Reliability diagram of the scenario with the best macro F1",
            ),
        ),
    )


def _table(run: Run) -> Table:
    names = ("temperature", "ece", "ece_scaled", "loss", "loss_scaled")
    rows = []
    for row in run.calibration.to_dict("records"):
        name = run.short(row["scenario"])
        bold = Strong(name) if row["scenario"] == run.winner else name
        rows.append((bold, *(score(row[key]) for key in names)))
    columns = ("scenario", "temperature", "ECE", "ECE, scaled", "loss", "loss, scaled")
    caption = "Calibration before and after scaling; the chosen scenario in bold."
    return Table(caption, columns, tuple(rows))
