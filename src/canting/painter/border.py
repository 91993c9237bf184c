"""A cloth of two motifs: bands of another one along the edges of the field."""

import numpy as np

from canting.painter.fields import Field, inside, over
from canting.painter.palettes import Palette
from canting.painter.view import FINE

LEAST = 0.6
"""Share of the picture that the motif which names it covers, at the least."""


def sewn(rng: np.random.Generator, field: Field, band: Field, dye: Palette) -> Field:
    """Return the field `(3, FINE, FINE)` with bands of the other canvas along one or two edges."""
    at = (np.arange(FINE) + 0.5) / FINE - 0.5
    x, y = np.meshgrid(at, at)
    angle = np.pi / 2 * rng.integers(0, 4) + rng.uniform(-0.2, 0.2)
    along = np.cos(angle) * x + np.sin(angle) * y
    share = rng.uniform(0.24, 1 - LEAST)
    first = share if rng.random() < 0.6 else share * rng.uniform(0.35, 0.65)
    low, high = np.quantile(along, [first, 1 - (share - first)])
    if first == share:
        high = 1.0
    sewn, wide = field.copy(), rng.uniform(0.004, 0.02)
    gap = np.maximum(low - along, along - high)
    over(sewn, band, inside(-gap, 2 / FINE))
    over(sewn, dye.ink, inside(np.abs(gap) - wide, 2 / FINE))
    return sewn
