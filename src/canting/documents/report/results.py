"""The section on scores and mistakes."""

from canting.config.columns import FOLD, LABEL, SCENARIO
from canting.config.metrics import averaged, directions, label
from canting.config.tables import COUNTS, RATES, STABILITY
from canting.core.frames import records, row_of
from canting.documents import read
from canting.documents.content import (
    Block,
    Details,
    Figure,
    Gallery,
    Section,
    Strong,
    Table,
    Text,
    figure,
    say,
)
from canting.documents.numbers import count, level, plural, score
from canting.documents.report import scenarios
from canting.documents.run import Run


def section(run: Run) -> Section:
    """Return the table of scenarios, then the leader: classes, confusion, curves, mistakes."""
    leader, folder = run.short(run.leader), run.results / "evaluate"
    return Section(
        "Results",
        (
            say(
                "All scores are of out-of-fold predictions: each picture is predicted by the "
                f"model that has not seen its {run.blocks[:-1]}. A score has two values: the mean "
                f"over the {run.blocks}, which has an interval and decides on the choice, and the "
                "pooled one, from "
                f"the predictions of all {run.blocks} together. Macro precision, recall and F1 are "
                "means "
                f"over the classes; the log-loss is in nats. {directions()}"
            ),
            *_draws(run),
            scenarios.means(
                run,
                f"Scenarios, the best pooled macro F1 first: means over the {run.blocks}, each "
                "with its "
                f"{level(run.params.evaluate.confidence)} interval; the chosen one in bold."
                f"{_last(run)}",
            ),
            scenarios.pooled(run, "The same scenarios: pooled scores."),
            *collections(run),
            say(
                "The rest of this section shows the scenario with the best pooled macro F1: ",
                Strong(leader),
                ".",
            ),
            classes(run, run.leader),
            *figure(
                folder / "confusion.png",
                f"Confusion matrix: counts summed over the {run.blocks}, with the share of the "
                "true class.",
                f"Confusion matrix of {leader}; its counts are in the table before",
            ),
            *figure(
                folder / "learning_curves.png",
                f"Learning curves: mean of the {run.blocks}, and from the lowest to the highest.",
                f"Loss and accuracy of {leader} by epoch",
            ),
            *figure(
                folder / "misclassified.png",
                "Misclassified pictures, by pair of classes.",
                f"Misclassified pictures of {leader}",
            ),
            *_confusions(run),
        ),
    )


def _draws(run: Run) -> tuple[Block, ...]:
    """Say what is of which draw, where the folds were drawn or trained on more than once."""
    repeats = run.params.repeats
    if repeats == 1:
        return ()
    drawn = (
        f"Each collection was left out {repeats} times, with other seeds of training: the score of "
        "a collection is the mean over these trainings"
        if run.elsewhere
        else f"The folds were drawn {repeats} times, with other seeds of drawing and of training: "
        "means, intervals and tests are over the folds of all draws"
    )
    return (
        say(
            f"{drawn}, and a pooled score is the mean over the draws. Stability is the standard "
            f"deviation of the pooled macro F1 over the {repeats} draws: how far chance alone "
            "moves it. What shows each picture once is of the first draw: the scores of the "
            "classes, confusion matrices, curves, calibration, refusals, an ensemble's members."
        ),
    )


def stability(run: Run, scenario: str) -> Text:
    """Say how far the pooled macro F1 of a scenario moves by chance; nothing for one draw."""
    repeats = run.params.repeats
    if repeats == 1:
        return ()
    drawn = "trainings" if run.elsewhere else "draws of the folds, each trained"
    return (
        f"Over {repeats} {drawn} with other seeds, the pooled macro F1 has a standard deviation "
        "of ",
        Strong(score(row_of(run.scored, scenario)[STABILITY])),
        ".",
    )


def _last(run: Run) -> str:
    return " The last row is the ensemble of those that it names." if len(run.members) > 1 else ""


def collections(run: Run) -> tuple[Block, ...]:
    """Return the scores of the chosen scenario on each collection, where each was left out."""
    if not run.elsewhere:
        return ()
    folds = read.table(run.results / "evaluate" / "folds.csv")
    found = read.with_ensemble(folds, run.selection, "folds")
    found = found[found[SCENARIO] == run.winner].sort_values(FOLD)
    rows = tuple(
        (
            run.collections[int(row[FOLD])],
            count(row["pictures"]),
            *(score(row[name]) for name in averaged()),
        )
        for row in records(found)
    )
    caption = (
        f"Each collection, by {run.short(run.winner)} trained on all others: the mean of these is "
        "what decides."
    )
    return (Table(caption, ("collection", "pictures", *map(label, averaged())), rows),)


def classes(run: Run, scenario: str) -> Table:
    """Return the scores of each class by one scenario."""
    rows = tuple(
        (
            row[LABEL],
            *(count(row[name]) for name in COUNTS),
            *(score(row[name]) for name in RATES),
            count(row["support"]),
        )
        for row in records(run.classes[run.classes[SCENARIO] == scenario])
    )
    columns = ("class", "TP", "FP", "FN", "precision", "recall", "F1", "pictures")
    return Table("True positives, false positives and false negatives by class.", columns, rows)


def _confusions(run: Run) -> tuple[Block, ...]:
    figures: list[Figure] = []
    for number, name in enumerate(run.ranking[SCENARIO], 1):
        words = run.short(name)
        path = run.build / "confusions" / f"{name}.png"
        target = f"confusion-{number:02d}.png"
        figures.extend(figure(path, words, f"Confusion matrix of {words}", target))
    if len(figures) < 2:
        return ()
    caption = "Confusion matrices of all scenarios, the best pooled macro F1 first."
    summary = f"Confusion matrices of all {plural(len(figures), 'scenario')}"
    return (Details(summary, (Gallery(caption, tuple(figures)),)),)
