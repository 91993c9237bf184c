"""Find how one picture may lie in another, from key points that look the same (SIFT, Lowe 2004).

SIFT turns with the picture, and a mirrored picture has the same descriptors with their cells in
another order, so one set of descriptors serves all eight symmetries of the square.
"""

import numpy as np
import numpy.typing as npt

from canting.data.near_duplicates.placement import Array, Placement, turn_points

MIN_LIKENESS = 0.9
"""Least cosine of two RootSIFT descriptors (Arandjelović and Zisserman 2012) that may match."""

MIN_AGREEING = 3
"""Fewest matches that agree on a placement before the pictures themselves are compared."""

SCALES = (0.62, 1.61)
"""Range of the scale along a side: 0.8 for one crop of 20 %, 0.64 for a crop of a crop."""

_TOLERANCE = 2.5
_MAX_TURN_ERROR = 22.0
_MIN_SPAN = 12.0
_CELLS = np.arange(128).reshape(4, 4, 8)
_MIRRORED = _CELLS[::-1][:, :, -np.arange(8) % 8].ravel()
_TURNS = np.arange(0, 360, 90, dtype=np.float32)[:, None]
_TRIALS = np.random.default_rng(0).integers(0, 2**30, (400, 2))


def placements(first: npt.NDArray[np.void], second: npt.NDArray[np.void]) -> list[Placement]:
    """Return ways in which `second` may lie in `first`, the best supported first."""
    found: list[tuple[int, Placement]] = []
    ours, theirs = _root(first), _root(second)
    for mirrored in (False, True):
        mine, its = _matches(ours, theirs[:, _MIRRORED] if mirrored else theirs)
        if len(mine) < MIN_AGREEING:
            continue
        angles = second["angles"][its]
        turned = first["angles"][mine] - (180 - angles if mirrored else angles)
        near_each = np.abs((turned - _TURNS + 180) % 360 - 180) < _MAX_TURN_ERROR
        for turns, near in enumerate(near_each):
            if np.count_nonzero(near) < MIN_AGREEING:
                continue
            source = turn_points(second["points"][its[near]], mirrored, turns)
            agreeing, scale, shift = _fit(first["points"][mine[near]], source)
            if agreeing >= MIN_AGREEING:
                found.append((agreeing, Placement(mirrored, turns, scale, shift)))
    found.sort(key=lambda candidate: -candidate[0])
    return [placement for _, placement in found]


def _root(record: npt.NDArray[np.void]) -> Array:
    values = record["descriptors"][: int(record["count"])].astype(np.float32)
    share = values / np.maximum(values.sum(axis=1, keepdims=True), 1)
    return np.asarray(np.sqrt(share), dtype=np.float32)


def _matches(first: Array, second: Array) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the rows of descriptors that are each other's nearest and alike enough."""
    if not len(first) or not len(second):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    likeness = first @ second.T
    nearest, back = likeness.argmax(axis=1), likeness.argmax(axis=0)
    mutual = back[nearest] == np.arange(len(first))
    mine = np.flatnonzero(mutual & (likeness.max(axis=1) > MIN_LIKENESS))
    return mine, nearest[mine]


def _fit(
    target: Array, source: Array
) -> tuple[int, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return how many points agree on `target = scale * source + shift`, and those two.

    RANSAC over pairs of points with fixed trials, then least squares over the points that agree.
    """
    scale, shift = _trials(target, source)
    if not len(scale):
        return 0, np.ones(2), np.zeros(2)
    errors = np.abs(scale[:, None] * source + shift[:, None] - target).max(axis=2)
    agreeing = errors[(errors < _TOLERANCE).sum(axis=1).argmax()] < _TOLERANCE
    for _ in range(2):
        ours, theirs = target[agreeing].astype(float), source[agreeing].astype(float)
        middle = theirs.mean(axis=0)
        spread = np.maximum(((theirs - middle) ** 2).sum(axis=0), 1e-6)
        best = ((ours - ours.mean(axis=0)) * (theirs - middle)).sum(axis=0) / spread
        offset = ours.mean(axis=0) - best * middle
        agreeing = np.abs(best * source + offset - target).max(axis=1) < _TOLERANCE
        if agreeing.sum() < MIN_AGREEING:
            return 0, np.ones(2), np.zeros(2)
    return int(agreeing.sum()), best, offset


def _trials(target: Array, source: Array) -> tuple[Array, Array]:
    """Return the scales and shifts that pairs of points ask for, within the allowed scales."""
    if len(target) < MIN_AGREEING:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    one, two = (_TRIALS % len(target)).T
    span = source[one] - source[two]
    wide = (np.abs(span) > _MIN_SPAN).all(axis=1)
    one, two, span = one[wide], two[wide], span[wide]
    scale = (target[one] - target[two]) / span
    allowed = ((scale > SCALES[0]) & (scale < SCALES[1])).all(axis=1)
    scale, one = scale[allowed], one[allowed]
    return scale, target[one] - scale * source[one]
