"""The section on accuracy on changed pictures."""

from typing import Any

from canting.config.catalog import CORRUPTIONS
from canting.config.tables import CELL
from canting.core.frames import records
from canting.documents.content import Mono, Section, Span, Strong, Table, figure, say
from canting.documents.numbers import count, interval, level, score
from canting.documents.run import Run


def section(run: Run) -> Section:
    """Return the protocol, accuracy by change and class, and the plot."""
    told = run.corruption_metrics
    return Section(
        "Changed pictures",
        (
            say(
                f"{count(told['pictures'])} pictures were changed (blur, light, scale and others), "
                "each change alone, drawn from the seed. Every changed picture is predicted by the "
                "network of the chosen scenario that was trained without its "
                f"{run.blocks[:-1]}. This is a diagnosis of what the model depends on, and "
                "says nothing of pictures of another origin, which differ in more than this."
            ),
            say(
                "Accuracy on the same pictures unchanged: ",
                Strong(score(told["accuracy"])),
                "; mean over the kinds of change: ",
                Strong(score(told["corrupted_accuracy"])),
                "; worst: ",
                Strong(f"{told['worst']}, {score(told['worst_accuracy'])}"),
                ".",
            ),
            *figure(
                run.results / "corruptions" / "corruptions.png",
                "Accuracy by the strength of each change, all classes and each class.",
                "Accuracy against strength, a panel a kind; the figures are in the table after it",
            ),
            _table(run),
            say(
                "Changes are made of the pictures at the size that the network sees: a crop is "
                "scaled up, and so less sharp than a photograph from nearer. Augmentation can be "
                "chosen by these figures (section ",
                Mono("features"),
                " of the parameters); only pictures of another collection can prove it.",
            ),
        ),
    )


def _table(run: Run) -> Table:
    cells = list(run.corruptions.groupby(CELL, sort=False))
    rows = tuple(_row(str(kind), part) for (kind, _), part in cells)
    caption = (
        "Accuracy on changed pictures: all classes with "
        f"{level(run.params.evaluate.confidence)} interval (Wilson), and each class. The level is "
        f"{_levels()}."
    )
    columns = ("change", "level", "accuracy", "interval", *run.labels)
    return Table(caption, columns, rows)


def _row(kind: str, part: Any) -> tuple[Span, ...]:
    every, *classes = records(part)
    ends = interval(every["low"], every["high"])
    strength = (
        f"{float(every['level']):g}" if kind in CORRUPTIONS and CORRUPTIONS[kind].level else ""
    )
    return kind, strength, score(every["accuracy"]), ends, *(score(c["accuracy"]) for c in classes)


def _levels() -> str:
    """Return what the levels are, each with the kinds that it is the level of."""
    said = dict.fromkeys(row.level for row in CORRUPTIONS.values() if row.level)
    kinds = {
        words: [name for name, row in CORRUPTIONS.items() if row.level == words] for words in said
    }
    return ", ".join(f"{words} ({', '.join(names)})" for words, names in kinds.items())
