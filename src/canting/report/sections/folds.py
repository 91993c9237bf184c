"""Near-duplicates, and folds that never split them."""

import pandas as pd

from canting.data.manifest import HELD_OUT
from canting.report.content import Block, Section, Span, Strong, Table, say
from canting.report.run import Run
from canting.report.words import count, plural, share


def section(run: Run) -> Section:
    """Return groups, leakage, and the pictures of each class and fold."""
    leak = run.leakage
    total, random = leak["pictures"], leak["leaked_by_a_random_split"]
    return Section(
        "Near-duplicates and folds",
        (
            say(
                "Copies, turned, mirrored, cropped and re-encoded versions of one picture form a "
                "group, and no fold splits a group. Otherwise a picture is tested on a model that "
                "has learned its twin."
            ),
            *_groups(run.manifest["group"].value_counts()),
            say(
                "Leakage: a stratified random split that ignores groups would have put ",
                Strong(f"{count(random)} of {count(total)} pictures ({share(random, total)})"),
                " beside a near-duplicate in another fold; the folds of this study: ",
                Strong(count(leak["leaked"])),
                ".",
            ),
            _folds(run.folds),
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
        for members, number in sizes.value_counts().sort_index().items()
    ]
    columns = ("pictures in a group", "groups", "pictures")
    return opening, Table("Groups by their size.", columns, tuple(rows), words=0)


def _folds(folds: pd.DataFrame) -> Table:
    counts = pd.crosstab(folds["label"], folds["fold"])
    names = ["hold-out" if fold == HELD_OUT else f"fold {fold}" for fold in counts.columns]
    rows: list[tuple[Span, ...]] = [
        (str(label), *map(count, row), count(row.sum()))
        for label, row in zip(counts.index, counts.to_numpy(), strict=True)
    ]
    sums = counts.to_numpy().sum(axis=0)
    rows.append((Strong("all"), *map(count, sums), count(sums.sum())))
    caption = "Pictures of each class in each fold: stratified, drawn once from the seed."
    return Table(caption, ("class", *names, "all"), tuple(rows))
