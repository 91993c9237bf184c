"""A vector that hardly changes when a picture is turned, mirrored, cropped or re-encoded.

It says which pictures are worth comparing, never that two are the same.
"""

from itertools import product

import cv2
import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]

SIDE = 64
"""Side in pixels of the square that is described."""

COLOUR_BINS = (6, 8, 8)
"""Intervals of L, a and b; a and b cover the middle half of OpenCV's 8-bit range."""

SCALES = (0.5, 1.0, 2.0, 4.0)
"""Standard deviations, in pixels of the square, of the blurs whose differences are described."""

_CELLS = tuple(bins + 1 for bins in COLOUR_BINS)
_DETAIL_BINS = 12
_DETAIL_RANGE = (-3.0, 3.0)

LENGTH = int(np.prod(_CELLS)) + len(SCALES) * (_DETAIL_BINS + 1)
"""Length of a signature."""


def signature(square: npt.NDArray[np.uint8]) -> Vector:
    """Return `(LENGTH,) float32` of norm one for an RGB square."""
    small = cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    colours, details = _unit(_colours(small)), _unit(_details(small))
    return _unit(np.concatenate([colours, details])).astype(np.float32)


def colour_likeness(first: npt.NDArray[np.float16], second: npt.NDArray[np.float16]) -> float:
    """Return how alike the colours of two signatures are: 1 for the same, 0 for none in common."""
    count = int(np.prod(_CELLS))
    return 2.0 * float(first[:count].astype(np.float32) @ second[:count].astype(np.float32))


def _unit(vector: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float64)


def _colours(square: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return the square root of the Lab histogram, each pixel shared among its eight bins."""
    lab = cv2.cvtColor(square, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float64)
    unit = np.clip((lab - (0, 64, 64)) / (255, 128, 128), 0, 1) * COLOUR_BINS
    low = np.minimum(unit.astype(np.int64), np.array(COLOUR_BINS) - 1)
    high_share = np.ascontiguousarray((unit - low).T)
    shares, bins = (1 - high_share, high_share), np.ravel_multi_index(tuple(low.T), _CELLS)
    histogram = np.zeros(int(np.prod(_CELLS)))
    for l_high, a_high, b_high in product((0, 1), repeat=3):
        share = shares[l_high][0] * shares[a_high][1] * shares[b_high][2]
        step = int(np.ravel_multi_index((l_high, a_high, b_high), _CELLS))
        histogram += np.bincount(bins + step, share, histogram.size)
    return np.sqrt(histogram / len(lab))


def _details(square: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return, for each scale, how strong detail of that size is and how its values are spread."""
    grey = cv2.cvtColor(square, cv2.COLOR_RGB2GRAY).astype(np.float32)
    parts: list[npt.NDArray[np.floating]] = []
    for scale in SCALES:
        band = cv2.GaussianBlur(grey, (0, 0), scale) - cv2.GaussianBlur(grey, (0, 0), 1.6 * scale)
        spread = float(band.std()) + 1e-3
        values = np.clip(band / spread, *_DETAIL_RANGE)
        counts, _ = np.histogram(values, _DETAIL_BINS, _DETAIL_RANGE)
        parts += [np.sqrt(counts / band.size), np.array([np.log1p(spread) / 2])]
    return np.concatenate(parts)
