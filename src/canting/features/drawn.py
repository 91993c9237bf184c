"""The numbers that decide what a view looks like."""

from typing import NamedTuple

import numpy as np


class Drawn(NamedTuple):
    """Numbers in -1…1; each is drawn whether it is used or not, so that a kind of change which is
    switched off leaves the others as they are. New ones go to the end.
    """

    mirrored: float
    upside_down: float
    zoom_x: float
    zoom_y: float
    shift_x: float
    shift_y: float
    rotation: float
    shear: float
    crop: float
    crop_x: float
    crop_y: float
    perspective_x: float
    perspective_y: float
    grey: float
    invert: float
    red: float
    green: float
    blue: float
    brightness: float
    contrast: float
    blur: float
    jpeg: float


def draw(generator: np.random.Generator) -> Drawn:
    """Draw the numbers of one view."""
    return Drawn(*generator.uniform(-1, 1, len(Drawn._fields)))


def share(number: float) -> float:
    """Return a number of -1…1 as one of 0…1."""
    return (1 + number) / 2
