"""What a cloth lies on or hangs before: plain fabric, wood, or a wall."""

import numpy as np

from canting.painter.fields import Field, noise, rough
from canting.painter.palettes import dye
from canting.painter.view import FINE

PLAIN = [
    "efeae0",
    "c9c2b5",
    "8d8a86",
    "54504c",
    "2b2a2c",
    "d8c3a0",
    "a67c52",
    "6e4a2f",
    "3d2818",
    "b7c4cc",
    "5f7480",
    "2d3b52",
    "8a2f2f",
    "d9b9a8",
    "6f7f5a",
]
"""Colours of walls, tables and plain fabrics."""


def drawn(rng: np.random.Generator, x: Field, y: Field) -> Field:
    """Return a `(3, FINE, FINE)` picture without any motif."""
    colour = dye(str(rng.choice(PLAIN)), rng.uniform(-1, 1, 3) * (0.02, 0.1, 0.08))
    angle = rng.uniform(0, np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    texture = rough(rng, FINE, 3, 5) * rng.uniform(0.01, 0.05)
    kind = rng.random()
    if kind < 0.35:
        grain = along * rng.uniform(8, 30) + noise(rng, FINE, 4) * 0.5
        texture = texture + np.sin(2 * np.pi * grain) * rng.uniform(0.01, 0.05)
    elif kind < 0.65:
        folds = along * rng.uniform(2, 6) + noise(rng, FINE, 3) * 0.25
        texture = texture + np.sin(2 * np.pi * folds) * rng.uniform(0.04, 0.14)
    return colour[:, None, None] * (1 + texture + 0.2 * y * rng.uniform(-1, 1))
