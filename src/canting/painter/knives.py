"""The knives of Parang: discs in a row along a bent spine, and the veins drawn in them."""

import numpy as np

from canting.painter.fields import Field

Row = tuple[Field, Field]
"""Centres `(n, 2)` and radii `(n,)` of discs that overlap to one shape."""


def forge(rng: np.random.Generator, half: float, pitch: float) -> tuple[Row, Row]:
    """Return the knives of one repeat and their veins, for a row from `-half` to `half`."""
    lean = rng.uniform(0.75, 1.05)
    make = (_hooked, _waisted, _leaved)[rng.choice(3, p=[0.5, 0.22, 0.28])]
    return make(rng, half, pitch, lean)


def _spine(half: float, lean: float, bend: float, v: Field, aside: float = 0.0) -> Field:
    """Return the points of a spine at heights `v` in -1..1, bent like an S."""
    return np.stack([v * half * lean + bend * np.sin(np.pi * v) + aside, v * half], axis=1)


def _turned(row: Row, step: float) -> Row:
    """Return a shape together with itself turned around, `step` further along."""
    centres, radii = row
    return np.concatenate([centres, -centres + (step, 0)]), np.concatenate([radii, radii])


def _eye(centre: Field, radius: float, thin: float) -> Row:
    """Return a ring of small discs, the eye in a hilt."""
    around = np.linspace(0, 2 * np.pi, 26)
    ring = centre + radius * np.stack([np.cos(around), np.sin(around)], axis=1)
    return ring, np.full(26, thin)


def _thin(rng: np.random.Generator, pitch: float) -> tuple[int, float]:
    """Return how many discs make a vein, and their radius: a fine line or a row of dots."""
    return (90, pitch * rng.uniform(0.006, 0.011)) if rng.random() < 0.6 else (16, pitch * 0.02)


def _joined(*rows: Row) -> Row:
    return np.concatenate([row[0] for row in rows]), np.concatenate([row[1] for row in rows])


def _hooked(rng: np.random.Generator, half: float, pitch: float, lean: float) -> tuple[Row, Row]:
    """Forge knives with a round hilt, a thin neck and a broad blade, every other one turned."""
    v = np.linspace(-1, 1, 44)
    thick, bend = pitch * rng.uniform(0.15, 0.178), pitch * rng.uniform(0.05, 0.13)
    knots = [-1, -0.86, -0.62, 0.1, 0.6, 0.9, 1]
    profile = np.interp(v, knots, [0.82, 0.95, 0.45, 0.85, 1, 0.9, 0.6])
    spine = _spine(half, lean, bend, v * 0.93)
    count, thin = _thin(rng, pitch)
    vein = _spine(half, lean, bend * 0.9, np.linspace(-0.25, 0.7, count)), np.full(count, thin)
    if rng.random() < 0.6:
        vein = _joined(vein, _eye(spine[2], thick * 0.45, thin))
    return _turned((spine, profile * thick), pitch / 2), _turned(vein, pitch / 2)


def _waisted(rng: np.random.Generator, half: float, pitch: float, lean: float) -> tuple[Row, Row]:
    """Forge knives broad in the middle and knobbed at both ends, with beads in the gaps."""
    v = np.linspace(-1, 1, 52)
    thick, bend = pitch * rng.uniform(0.28, 0.32), pitch * rng.uniform(0.12, 0.2)
    knots = [-1, -0.93, -0.74, -0.52, 0, 0.52, 0.74, 0.93, 1]
    profile = np.interp(v, knots, [0.45, 0.55, 0.5, 0.92, 1, 0.92, 0.5, 0.55, 0.45])
    spine = _spine(half, lean, bend, v * 0.93)
    bead = np.array([[-half * lean * 0.74 + pitch * 0.47, -half * 0.84]])
    beads = np.concatenate([bead, -bead]), np.full(2, pitch * rng.uniform(0.12, 0.16))
    count, thin = _thin(rng, pitch)
    cut = _spine(half, lean, bend * 1.9, np.linspace(-0.86, 0.86, 110)), np.full(110, pitch * 0.014)
    sides = [
        (_spine(half, lean, bend, np.linspace(-0.5, 0.5, count), side), np.full(count, thin))
        for side in (-0.17 * pitch, 0.17 * pitch)
    ]
    return _joined((spine, profile * thick), beads), _joined(cut, *sides)


def _leaved(rng: np.random.Generator, half: float, pitch: float, lean: float) -> tuple[Row, Row]:
    """Forge straight rods with a leaf and two beads between them."""
    v = np.linspace(-1, 1, 40)
    rods = np.interp(v, [-1, -0.5, 0, 0.5, 1], [0.6, 1, 0.8, 1, 0.6]) * pitch * 0.13
    rod = _spine(half, lean, pitch * rng.uniform(0, 0.06), v * 0.93), rods
    w = np.linspace(-0.55, 0.55, 30)
    leaves = np.sqrt(np.maximum(1 - (w / 0.62) ** 2, 0)) * pitch * rng.uniform(0.17, 0.21)
    leaf = _spine(half, lean, -pitch * 0.05, w, pitch * 0.5)
    ends = leaf[[0, -1]] + (leaf[[0, -1]] - leaf[[2, -3]]) * 4.2
    beads = ends, np.full(2, pitch * rng.uniform(0.1, 0.13))
    count, thin = _thin(rng, pitch)
    vein = _spine(half, lean, -pitch * 0.05, np.linspace(-0.4, 0.4, count), pitch * 0.5)
    return _joined(rod, (leaf, leaves), beads), (vein, np.full(count, thin))
