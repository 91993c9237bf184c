"""The section on calibration."""

from canting.config.columns import SCENARIO
from canting.core.frames import Row, records
from canting.documents.content import Block, Mono, Section, Span, Strong, Table, figure, say
from canting.documents.numbers import count, interval, level, listed, p_value, plural, score, signed
from canting.documents.run import Run
from canting.evaluation.statistics.comparison import verdict


def calibration_section(run: Run) -> Section:
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
            *_elsewhere(run),
            *figure(
                run.results / "evaluate" / "reliability.png",
                f"Accuracy by confidence, before and after scaling: {run.short(run.leader)}.",
                "Reliability diagram of the scenario with the best macro F1",
            ),
        ),
    )


def _elsewhere(run: Run) -> tuple[Block, ...]:
    """Return what the temperature of the chosen model was fixed on, where not on these folds."""
    if not run.calibrated_on:
        return ()
    row = run.calibrated
    return (
        say(
            "The temperature of the chosen model, ",
            Mono(score(row["temperature"])),
            ", was fitted to its predictions for collections that were left out one by one, "
            f"{listed(run.calibrated_on)}: on these {count(row['pictures'])} pictures its ECE goes "
            f"from {score(row['ece'])} to {score(row['ece_scaled'])}, each collection scaled by "
            "the temperature of the others.",
        ),
    )


def _table(run: Run) -> Table:
    names = ("temperature", "ece", "ece_scaled", "loss", "loss_scaled")
    rows = []
    for row in records(run.calibration):
        name = run.short(row[SCENARIO])
        bold = Strong(name) if row[SCENARIO] == run.winner else name
        rows.append((bold, *(score(row[key]) for key in names)))
    columns = ("scenario", "temperature", "ECE", "ECE, scaled", "loss", "loss, scaled")
    caption = "Calibration before and after scaling; the chosen scenario in bold."
    return Table(caption, columns, tuple(rows))


def section(run: Run) -> Section:
    """Return the comparison with the best, the effects of the factors, and how they were tested."""
    if len(run.comparison) < 2:
        return Section("Statistics", (say(verdict(run.comparison)),))
    folder = run.results / "evaluate" / "comparison"
    return Section(
        "Statistics",
        (
            _method(run),
            say(Strong(verdict(run.comparison))),
            _comparison(run),
            *figure(
                folder / "ranking.png",
                f"Scenarios by their mean score over the {run.blocks}, with intervals; those that "
                "are "
                "not distinguishable from the best are joined.",
                "Ranking of the scenarios; its figures are in the table before",
            ),
            *_effects(run),
        ),
    )


def _method(run: Run) -> Block:
    return say(
        f"Every scenario is compared with the best on the same folds{_drawn(run)}. The training "
        "parts of the "
        "folds overlap, so that the plain t-test finds differences that are not there; the "
        "corrected resampled t-test [1] widens the variance for it, and intervals likewise. "
        f"p-values are corrected for {plural(len(run.comparison) - 1, 'comparison')} by Holm [2]; "
        f"with a corrected p of {run.params.select_best.alpha:g} or more, two scenarios are "
        "not distinguishable: the difference may be chance, and it may be real but too small for "
        "these folds. The best was selected on the folds that it is tested on, so its score "
        "is somewhat optimistic."
    )


def _drawn(run: Run) -> str:
    """Say what the folds of several draws count for."""
    repeats = run.params.repeats
    if repeats == 1:
        return ""
    if run.elsewhere:
        return f", the score of a collection being the mean of {repeats} trainings"
    return f" of all {repeats} draws (Bouckaert and Frank, 2004)"


def _comparison(run: Run) -> Table:
    rows: list[tuple[Span, ...]] = []
    for place, row in enumerate(records(run.comparison)):
        name = run.short(row[SCENARIO])
        if place == 0:
            rows.append((Strong(name), "the best", score(row["mean"]), "", "", "", ""))
        else:
            rows.append((name, _told(row), score(row["mean"]), *_difference(row)))
    caption = (
        f"Each scenario against the best: mean {run.metric} over the {run.blocks}, its difference "
        "with "
        f"{level(run.params.evaluate.confidence)} interval, p-value, and p corrected."
    )
    return Table(caption, ("scenario", "verdict", "mean", *_COLUMNS), tuple(rows), words=2)


_COLUMNS = ("difference", "interval", "p", "p (Holm)")


def _difference(row: Row) -> tuple[str, ...]:
    ends = interval(row["low"], row["high"], sign=True)
    return signed(row["difference"]), ends, p_value(row["p_value"]), p_value(row["p_holm"])


def _told(row: Row) -> Span:
    return "distinguishable" if row["distinguishable"] else "not distinguishable"


def _effects(run: Run) -> tuple[Block, ...]:
    if run.effects.empty:
        return ()
    return (
        say(
            "The effect of a level is how much higher the score is with it than on average over "
            "the grid, other factors balanced; a contrast is the difference of two levels. "
            "Both are found on each fold by least squares, then averaged over the "
            f"{run.blocks} with the same correction. p-values are corrected within a factor."
        ),
        _levels(run),
        *figure(
            run.results / "evaluate" / "comparison" / "effects.png",
            "Effect of each level of each factor, with intervals.",
            "Effects of the factors; the figures are in the table before",
        ),
        _contrasts(run),
    )


def _levels(run: Run) -> Table:
    rows = tuple(
        (
            row["factor"].replace("_", " "),
            row["level"],
            signed(row["effect"]),
            interval(row["low"], row["high"], sign=True),
        )
        for row in records(run.effects)
    )
    caption = f"Effect of each level on the mean {run.metric} over the {run.blocks}."
    return Table(caption, ("factor", "level", "effect", "interval"), rows, words=2)


def _contrasts(run: Run) -> Table:
    rows = tuple(
        (
            row["factor"].replace("_", " "),
            f"{row['level']} − {row['other']}",
            _told(row),
            *_difference(row),
        )
        for row in records(run.contrasts)
    )
    columns = ("factor", "levels", "verdict", *_COLUMNS)
    return Table("Contrasts of the levels of each factor.", columns, rows, words=3)
