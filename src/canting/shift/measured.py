"""Which pictures are measured, and under which changes."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.shift.changes import KINDS

Rows = npt.NDArray[np.int64]


class Cell(NamedTuple):
    """A kind of change at one level."""

    kind: str
    level: float


UNCHANGED = Cell("none", 0)
"""The pictures as they are."""


def cells(leave_out: Collection[str]) -> list[Cell]:
    """Return every level of every kind that is not left out."""
    return [
        Cell(name, level)
        for name, kind in KINDS.items()
        if name not in leave_out
        for level in kind.levels
    ]


def rows(table: pd.DataFrame, digests: Sequence[str], most: int) -> Rows:
    """Return rows of the table of folds, sorted: of each class those with the smallest digests.

    At most so many a class, all for 0; a digest has nothing to do with what a picture shows.
    Held-out pictures are left alone.
    """
    named = pd.DataFrame({"label": table["label"].to_numpy(), "digest": list(digests)})
    inside = named[table["fold"].to_numpy() >= 0].sort_values("digest", kind="stable")
    places = inside.groupby("label").cumcount()
    kept = inside.index[(places < most).to_numpy()] if most else inside.index
    return np.sort(kept.to_numpy(np.int64))
