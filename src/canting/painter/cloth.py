"""A cloth of two motifs: bands of another one along the edges of the field."""

import numpy as np

from canting.painter.fields import Field, inside, noise, over, rough
from canting.painter.palettes import Palette
from canting.painter.view import FINE, SIDE

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


def dyed(rng: np.random.Generator, canvas: Field, dye: Palette) -> Field:
    """Return the canvas with uneven dye, cracked wax and the grain of the weave."""
    uneven = rough(rng, FINE, int(rng.integers(3, 7)), 4) * rng.uniform(0.01, 0.05)
    canvas = canvas + uneven * (0.4 + canvas * (1 - canvas) * 2.4)
    if rng.random() < 0.65:
        cracks = _cracks(rng)
        colour = np.minimum(dye.ink, dye.ground)[:, None, None]
        canvas = canvas + (colour - canvas) * cracks
    return canvas * _weave(rng)


def _cracks(rng: np.random.Generator) -> Field:
    """Return where dye crept into cracked wax: thin, broken, branching lines."""
    reach = np.clip(rough(rng, SIDE, 3, 2) * 0.7 + rng.uniform(-0.4, 0.5), 0, 1)
    at = (np.arange(SIDE) + 0.5) / SIDE
    x, y = np.meshgrid(at, at)
    bent = noise(rng, SIDE, 9) * 0.012, noise(rng, SIDE, 9) * 0.012
    total = np.zeros((SIDE, SIDE))
    for cells in (rng.uniform(3, 7), rng.uniform(8, 16)):
        edge = _borders(rng, (x + bent[0]) * cells, (y + bent[1]) * cells) / cells * SIDE
        broken = np.clip(noise(rng, SIDE, 14) + 0.7, 0, 1)
        total = np.maximum(total, inside(edge - rng.uniform(0.2, 0.7), 1.0) * broken)
    return np.repeat(np.repeat(total * reach * rng.uniform(0.3, 0.85), 2, 0), 2, 1)


def _borders(rng: np.random.Generator, x: Field, y: Field) -> Field:
    """Return about the distance to the borders between cells of random seeds, in cells."""
    seeds = rng.random((2, 24, 24))
    i, j = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    first = np.full(x.shape, 9.0)
    second: Field = first.copy()
    for di in (-1, 0, 1):
        for dj in (-1, 0, 1):
            right, down = seeds[:, (i + di) % 24, (j + dj) % 24]
            away = np.hypot(i + di + right - x, j + dj + down - y)
            second = np.minimum(second, np.maximum(first, away))
            first = np.minimum(first, away)
    margin: Field = (second - first) / 2
    return margin


def _weave(rng: np.random.Generator) -> Field:
    """Return the threads: fine, nearly regular stripes both ways."""
    depth = rng.uniform(0.0, 0.09)
    warp = rng.random((1, FINE)) - 0.5
    weft = rng.random((FINE, 1)) - 0.5
    fibre = noise(rng, FINE, 16, 256) * 0.2 + noise(rng, FINE, 256, 16) * 0.2
    return 1 + depth * (warp + weft + fibre)
