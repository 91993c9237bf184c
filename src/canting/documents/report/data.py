"""The sections of the report on data: pictures, validation, folds."""

import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from canting.config.columns import FOLD, LABEL, PATH, UNKNOWN
from canting.config.records import Expectation
from canting.config.tables import QUARANTINE
from canting.data.manifest import HELD_OUT
from canting.documents.content import (
    Block,
    Figure,
    Gallery,
    Mono,
    Section,
    Span,
    Strong,
    Table,
    say,
)
from canting.documents.numbers import DASH, count, listed, plural, share, size
from canting.documents.report import source
from canting.documents.run import Run
from canting.evaluation.plots.figure import PAPER
from canting.imaging import pictures
from canting.imaging.measures import SIDE as SIDE_MEASURED

SHOWN, SIDE, GAP = 6, 160, 8
"""Pictures of a class, pixels of a picture's longer side, pixels between two."""


def example_strip(paths: Sequence[str], raw: Path) -> bytes:
    """Return a JPEG of pictures side by side, spread evenly over `paths` below `raw`."""
    places = np.linspace(0, len(paths) - 1, min(SHOWN, len(paths))).astype(int)
    width = SHOWN * (SIDE + GAP) - GAP
    sheet = Image.new("RGB", (width, SIDE), PAPER)
    for number, place in enumerate(places):
        image = pictures.decode(raw / paths[place]).image
        sheet.paste(ImageOps.pad(image, (SIDE, SIDE), color=PAPER), (number * (SIDE + GAP), 0))
    content = io.BytesIO()
    sheet.save(content, "JPEG", quality=85)
    return content.getvalue()


def pictures_section(run: Run) -> Section:
    """Return where the pictures come from, how many of what size, and examples."""
    pictures = run.manifest
    return Section(
        "Data",
        (
            *source.blocks(run),
            say(
                f"{plural(len(pictures), 'picture')} in "
                f"{plural(len(run.labels), 'class', 'classes')}, "
                f"{size(pictures['bytes'].sum())} in all: {_kinds(pictures, 'format')}; colour "
                f"modes {_kinds(pictures, 'mode')}. The network sees them at "
                f"{run.params.image_size[0]} × {run.params.image_size[1]} pixels (height × width).",
            ),
            *unknown(run),
            say("Digest (SHA-256) of the list of all pictures as fetched: ", Mono(run.digest), "."),
            _classes(run),
            _measures(run.manifest),
            _examples(run),
        ),
    )


def unknown(run: Run) -> tuple[Block, ...]:
    """Return how many pictures of no class were trained with, and what that does."""
    if not run.unknown:
        return ()
    told = run.card.get("abstention")
    if told is None:
        effect = "Nothing is refused all the same, as refusals are switched off."
    elif "energy" in told:
        effect = "So pictures like them have weak logits, and weak logits are refused."
    else:
        effect = (
            "Refusals do not use it: weak logits are refused only by a model of one scenario, "
            "where two collections or more have every class."
        )
    return (
        say(
            f"{plural(run.unknown, 'further picture')} of no class (",
            Mono(UNKNOWN),
            f") had a part in the training, as one further output that the model has no more. "
            f"They are in no score and no table. {effect}",
        ),
    )


def _kinds(pictures: pd.DataFrame, column: str) -> str:
    counts = pictures[column].value_counts()
    return listed([f"{name} ({count(number)})" for name, number in counts.items()])


def _classes(run: Run) -> Table:
    rows = []
    for label, part in run.manifest.groupby(LABEL):
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


def _spread(values: "pd.Series[float]") -> str:
    low, middle, high = map(count, (values.min(), values.median(), values.max()))
    return low if low == high else f"{low}–{high} ({middle})"


def _measures(pictures: pd.DataFrame) -> Table:
    names = ("brightness", "contrast", "sharpness")
    rows = tuple(
        (str(label), *(_spread(part[name]) for name in names))
        for label, part in pictures.groupby(LABEL)
    )
    caption = (
        "How bright, rich in contrast and sharp the pictures are, as smallest–largest (median): "
        "mean and standard deviation of the luma (0 to 255), and variance of its Laplacian, all at "
        f"{SIDE_MEASURED} pixels of the longer side."
    )
    return Table(caption, ("class", *names), rows)


def _examples(run: Run) -> Gallery:
    figures = []
    for number, label in enumerate(run.labels):
        paths = run.manifest.loc[run.manifest[LABEL] == label, PATH].tolist()
        strip = example_strip(paths, run.build / "raw")
        alt = f"Example pictures of {label}"
        figures.append(Figure(f"examples-{number:02d}.jpg", strip, label, alt))
    return Gallery("Examples of each class, spread evenly over its files.", tuple(figures))


SHOWN_CHECKS = 40
"""Quarantined files that are listed."""


def validation_section(run: Run) -> Section:
    """Return each expectation with its outcome, and the files that were set aside."""
    entries = run.validation["expectations"]
    failed = sum(not entry["success"] for entry in entries)
    outcome = f"{failed} of them are not met" if failed else "all of them are met"
    opening = say(
        f"The pictures were checked with Great Expectations before anything was trained on them: "
        f"{plural(len(entries), 'expectation')}, {outcome}."
    )
    table = Table(
        "Expectations on the pictures.",
        ("expectation", "limit set by", "expected", "outcome"),
        tuple(_row(entry) for entry in entries),
        words=4,
    )
    return Section("Validation", (opening, table, *_warned(run), *_quarantine(run)))


def _warned(run: Run) -> tuple[Block, ...]:
    lacking = run.manifest[run.manifest["warning"].str.contains("no_end")][PATH].tolist()
    if not lacking:
        return ()
    shown = listed(lacking[:SHOWN_CHECKS])
    words = f"{plural(len(lacking), 'picture')} without the marker of its end, read as it is"
    return (say(f"{words}: {shown}{' and others' if len(lacking) > SHOWN_CHECKS else ''}."),)


def _row(entry: Expectation) -> tuple[Span, ...]:
    key: Span = Mono(entry["key"]) if entry["key"] else DASH
    if entry["success"]:
        return entry["name"], key, entry["expected"], "holds"
    bad = entry["unexpected"]
    return entry["name"], key, entry["expected"], Strong(f"fails: {count(bad)}" if bad else "fails")


def _quarantine(run: Run) -> tuple[Block, ...]:
    if run.quarantine.empty:
        return (say("No file was set aside."),)
    rows = tuple(run.quarantine[QUARANTINE].head(SHOWN_CHECKS).itertuples(index=False, name=None))
    rest = len(run.quarantine) - len(rows)
    more = f" {rest} more are listed in results/validate/quarantine.csv." if rest else ""
    caption = f"{plural(len(run.quarantine), 'file')} set aside, in quarantine.{more}"
    return (Table(caption, ("file", "reason"), rows, words=2),)


def folds_section(run: Run) -> Section:
    """Return groups, leakage, and the pictures of each class and fold."""
    leak = run.leakage
    total, random = leak["pictures"], leak["leaked_by_a_random_split"]
    return Section(
        "Near-duplicates and folds",
        (
            say(
                "Copies, turned, mirrored, cropped and re-encoded versions of one picture form a "
                "group, and no fold splits a group. Otherwise a picture is tested on a model that "
                "was trained on its twin."
            ),
            *_groups(run.manifest["group"].value_counts()),
            *_kept_split(run),
            say(
                "Leakage: a stratified random split that ignores groups would have put ",
                Strong(f"{count(random)} of {count(total)} pictures ({share(random, total)})"),
                " beside a near-duplicate in another fold; the folds of this study: ",
                Strong(count(leak["leaked"])),
                ".",
            ),
            _folds(run),
        ),
    )


def _kept_split(run: Run) -> tuple[Block, ...]:
    if run.params.preprocess.split != "source":
        return ()
    return (
        say(
            "The test part of the source is held out, its train and val parts go to the folds. "
            "What of it has a near-duplicate there is counted as leaked."
        ),
    )


def _groups(sizes: "pd.Series[int]") -> tuple[Block, ...]:
    shared = sizes[sizes > 1]
    if shared.empty:
        return (say(f"No two of the {count(len(sizes))} pictures are near-duplicates."),)
    opening = say(
        f"{plural(int(sizes.sum()), 'picture')} form {plural(len(sizes), 'group')}; "
        f"{plural(len(shared), 'group')} with more than one picture, "
        f"{plural(int(sizes.max()), 'picture')} in the largest."
    )
    rows = [
        (count(members), count(number), count(members * number))
        for members, number in sorted(Counter(sizes.tolist()).items())
    ]
    columns = ("pictures in a group", "groups", "pictures")
    return opening, Table("Groups by their size.", columns, tuple(rows), words=0)


def _folds(run: Run) -> Table:
    counts = pd.crosstab(run.folds[LABEL], run.folds[FOLD])
    names = [
        "hold-out" if fold == HELD_OUT else f"fold {fold}" for fold in map(int, counts.columns)
    ]
    if run.elsewhere:
        names = run.collections
    rows: list[tuple[Span, ...]] = [
        (str(label), *map(count, row), count(row.sum()))
        for label, row in zip(counts.index, counts.to_numpy(), strict=True)
    ]
    sums = counts.to_numpy().sum(axis=0)
    rows.append((Strong("all"), *map(count, sums), count(sums.sum())))
    drawn = run.params.repeats
    times = "drawn once from the seed" if drawn == 1 else f"the first of {drawn} draws"
    caption = f"Pictures of each class in each fold: stratified, {times}."
    if run.elsewhere:
        caption = (
            "Pictures of each class in each fold, which is a collection; near-duplicates in two "
            "are "
            "all with the one that has more of them."
        )
    return Table(caption, ("class", *names, "all"), tuple(rows))
