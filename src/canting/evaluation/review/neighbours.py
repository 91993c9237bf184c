"""Distances between pooled features: how far a picture is from its class, and what is like it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from canting.bundle.unlikeness import Array, directions
from canting.core.digits import DIGITS

NEAREST = 5
"""Pictures of a class, from other groups, that the distance to the class is the mean over."""

FAR = 3.5
"""Robust standard deviations of the logarithm of the distance beyond which a picture is an outlier.

From B. Iglewicz and D. Hoaglin, "How to Detect and Handle Outliers" (1993). Of a normal
distribution 1 in 4,300 is so far.
"""

ROWS = 1024
"""Pictures whose distances are in memory at once."""

LEAST = 20
"""Pictures of a class below which there is no telling what is usual."""


class Placed(NamedTuple):
    """Directions of features, `(n, channels)`, with the code of the label and the group of each."""

    points: Array
    codes: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]


def place(
    features: npt.NDArray[np.generic],
    codes: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64] | None = None,
) -> Placed:
    """Pool features `(…, channels)` over all places of a picture, and take their directions.

    Of `rows` alone, where they are given: `codes` and `groups` have these.
    """
    inner = tuple(range(1, features.ndim - 1))
    rows = np.arange(len(features)) if rows is None else rows
    parts = np.array_split(rows, max(1, len(rows) // ROWS))
    points = [directions(np.asarray(features[part], np.float32).mean(axis=inner)) for part in parts]
    return Placed(np.concatenate(points), codes, groups)


def distances(placed: Placed) -> npt.NDArray[np.float64]:
    """Return one minus the mean cosine to the nearest of each picture's class, `(n,)`.

    Pictures of its own group do not count, or two copies of an outlier would hide each other.
    NaN where the class has no picture of another group.
    """
    found = np.full(len(placed.codes), np.nan)
    for code in np.unique(placed.codes):
        members = np.flatnonzero(placed.codes == code)
        for rows, cosines in _cosines(placed, members, members):
            found[rows] = 1 - _mean_of_best(cosines)
    return found.round(DIGITS)


def outliers(found: npt.NDArray[np.float64], codes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which pictures are unusually far from their class, `(n,)`."""
    far = np.zeros(len(found), dtype=bool)
    for code in np.unique(codes):
        rows = np.flatnonzero((codes == code) & (found > 0))
        if len(rows) >= LEAST:
            logs = np.log(found[rows])
            middle = np.median(logs)
            spread = 1.4826 * np.median(np.abs(logs - middle))
            far[rows] = logs - middle > FAR * max(spread, 1e-3)
    return far


def alike(placed: Placed, row: int, code: int, most: int) -> list[int]:
    """Return rows of a class like a picture, the most alike first, each of another group."""
    members = np.flatnonzero(placed.codes == code)
    ((_, cosines),) = _cosines(placed, np.asarray([row]), members)
    rows = members[np.argsort(-cosines[0].round(DIGITS), kind="stable")]
    _, firsts = np.unique(placed.groups[rows], return_index=True)
    usable = rows[np.sort(firsts)]
    return [int(one) for one in usable if placed.groups[one] != placed.groups[row]][:most]


def _cosines(
    placed: Placed, rows: npt.NDArray[np.int64], members: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], Array]]:
    """Yield some rows at a time with their cosines to all members; −2 within a group."""
    others = placed.points[members].T
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        cosines = placed.points[part] @ others
        cosines[placed.groups[part][:, None] == placed.groups[members]] = -2
        yield part, cosines


def _mean_of_best(cosines: Array) -> npt.NDArray[np.float64]:
    count = min(NEAREST, cosines.shape[1])
    best = np.partition(cosines, -count, axis=1)[:, -count:].astype(np.float64)
    best[best < -1.5] = np.nan
    there = ~np.isnan(best)
    sums = np.where(there, best, 0).sum(axis=1)
    counts = there.sum(axis=1)
    means: npt.NDArray[np.float64] = np.full(len(best), np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means
