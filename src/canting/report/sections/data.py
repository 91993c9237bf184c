"""What the pictures are."""

import pandas as pd

from canting.report import examples
from canting.report.content import Figure, Gallery, Mono, Section, Table, say
from canting.report.run import Run
from canting.report.words import count, listed, plural, share, size


def section(run: Run) -> Section:
    """Return where the pictures come from, how many of what size, and examples."""
    pictures = run.manifest
    return Section(
        "Data",
        (
            say(
                "Source: ",
                Mono(run.params.fetch.source),
                f". {plural(len(pictures), 'picture')} in "
                f"{plural(len(run.labels), 'class', 'classes')}, "
                f"{size(pictures['bytes'].sum())} in all: {_kinds(pictures, 'format')}; colour "
                f"modes {_kinds(pictures, 'mode')}. The network sees them at "
                f"{run.params.image_size[0]} × {run.params.image_size[1]} pixels (height × width).",
            ),
            say("Digest (SHA-256) of the list of all pictures as fetched: ", Mono(run.digest), "."),
            _classes(run),
            _examples(run),
        ),
    )


def _kinds(pictures: pd.DataFrame, column: str) -> str:
    counts = pictures[column].value_counts()
    return listed([f"{name} ({count(number)})" for name, number in counts.items()])


def _classes(run: Run) -> Table:
    rows = []
    for label, part in run.manifest.groupby("label"):
        rows.append(
            (
                str(label),
                count(len(part)),
                share(len(part), len(run.manifest)),
                count(part["group"].nunique()),
                *(_spread(part[side]) for side in ("width", "height")),
                size(part["bytes"].sum()),
            )
        )
    columns = ("class", "pictures", "share", "groups", "width, pixels", "height, pixels", "size")
    caption = (
        "Pictures of each class. A group is a picture with its near-duplicates; sides are given "
        "as smallest–largest (median)."
    )
    return Table(caption, columns, tuple(rows))


def _spread(side: "pd.Series[int]") -> str:
    low, high, middle = side.min(), side.max(), side.median()
    return count(low) if low == high else f"{count(low)}–{count(high)} ({count(middle)})"


def _examples(run: Run) -> Gallery:
    figures = []
    for number, label in enumerate(run.labels):
        paths = run.manifest.loc[run.manifest["label"] == label, "path"].tolist()
        strip = examples.strip(paths, run.build / "raw")
        alt = f"Example pictures of {label}"
        figures.append(Figure(f"examples-{number:02d}.jpg", strip, label, alt))
    return Gallery("Examples of each class, spread evenly over its files.", tuple(figures))
