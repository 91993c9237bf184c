"""Augmented views: geometry in one resampling, then colour, blur and JPEG."""

import numpy as np

from canting.config.sections import Features
from canting.features.coloured import coloured, stored
from canting.features.drawn import draw
from canting.features.flips import flip
from canting.features.placed import placed
from canting.imaging.geometry import warp
from canting.imaging.pictures import Pixels


def view(picture: Pixels, number: int, identity: str, settings: Features, seed: int) -> Pixels:
    """Return view `number` of a picture; view 0 is the picture itself.

    Negative ones are the further views of a test: -1 mirrored, -2 upside down, -3 both.
    `identity` is the picture's SHA-256: the draw depends on the picture, not on its place.
    """
    if number <= 0:
        return flip(picture, -number)
    drawn = draw(np.random.default_rng([seed, number, int(identity[:16], 16)]))
    warped = warp(picture, placed(drawn, settings, picture.shape[:2]))
    return stored(coloured(warped, drawn, settings), drawn, settings)
