"""The flips that an answer is averaged over."""

import numpy as np

from canting.imaging.pictures import Pixels

FLIPS: tuple[tuple[int, ...], ...] = ((), (1,), (0,), (0, 1))
"""Axes, of height and width, that each view of a test is flipped along."""


def flip(picture: Pixels, number: int) -> Pixels:
    """Return a view of a test: 0 the picture itself, 1 mirrored, 2 upside down, 3 both."""
    return np.ascontiguousarray(np.flip(picture, FLIPS[number])) if number else picture
