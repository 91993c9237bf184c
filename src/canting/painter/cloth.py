"""What dyeing and wax do to the cloth before it is photographed."""

import numpy as np

from canting.painter.fields import Field, inside, noise, rough
from canting.painter.palettes import Palette
from canting.painter.view import FINE


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
    """Return where dye crept into cracked wax: thin, broken, wandering lines."""
    reach = np.clip(rough(rng, FINE, 3, 2) * 0.6 + rng.uniform(-0.3, 0.4), 0, 1)
    total = np.zeros((FINE, FINE))
    for cells in (int(rng.integers(7, 12)), int(rng.integers(14, 26))):
        field = noise(rng, FINE, cells) + 0.35 * noise(rng, FINE, cells * 3)
        slope = np.hypot(*np.gradient(field)) + 0.004
        thin = rng.uniform(0.5, 1.3)
        total = np.maximum(total, inside(np.abs(field / slope) - thin / 2, 1.3))
    return total * reach * rng.uniform(0.35, 0.9)


def _weave(rng: np.random.Generator) -> Field:
    """Return the threads: fine, nearly regular stripes both ways."""
    depth = rng.uniform(0.0, 0.05)
    warp = rng.random((1, FINE)) - 0.5
    weft = rng.random((FINE, 1)) - 0.5
    fibre = noise(rng, FINE, 16, 256) * 0.2 + noise(rng, FINE, 256, 16) * 0.2
    return 1 + depth * (warp + weft + fibre)
