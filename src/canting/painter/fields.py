"""Scalar fields over the picture: smooth noise, distances to shapes, soft edges."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float64]
"""`(height, width) float64`, or any shape that broadcasts with it."""


@lru_cache(maxsize=64)
def _spline(size: int, cells: int) -> Field:
    """Return the `(size, cells + 3)` weights of a uniform cubic B-spline."""
    where = (np.arange(size) + 0.5) / size * cells
    first = np.floor(where).astype(np.int64)
    u = where - first
    parts = ((1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3)
    weights = np.zeros((size, cells + 3))
    for knot, part in enumerate(parts):
        weights[np.arange(size), first + knot] = part / 6
    return weights


def noise(rng: np.random.Generator, size: int, rows: int, columns: int | None = None) -> Field:
    """Return smooth `(size, size)` noise of about unit variance, `rows` × `columns` bumps."""
    columns = columns or rows
    knots = rng.random((rows + 3, columns + 3)) * 2 - 1
    smooth: Field = _spline(size, rows) @ knots @ _spline(size, columns).T
    return smooth * 3.6


def rough(rng: np.random.Generator, size: int, cells: int, octaves: int = 3) -> Field:
    """Return noise with detail down to `cells * 2**octaves` bumps, each half as strong."""
    total = np.zeros((size, size))
    for level in range(octaves):
        total += noise(rng, size, cells * 2**level) * 0.5**level / 1.15
    return total


def inside(distance: Field, soft: float) -> Field:
    """Return how much of each sample lies inside: 1 where `distance` is negative."""
    return np.clip(0.5 - distance / soft, 0.0, 1.0)


def line(distance: Field, width: float, soft: float) -> Field:
    """Return the coverage of a line of this width along the zero of `distance`."""
    return inside(np.abs(distance) - width / 2, soft)


def ellipse(x: Field, y: Field, a: float, b: float) -> Field:
    """Return about the signed distance to an ellipse (first order in the gradient)."""
    outer = np.sqrt((x / a) ** 2 + (y / b) ** 2) + 1e-9
    slope = np.sqrt((x / a**2) ** 2 + (y / b**2) ** 2) + 1e-9
    return outer * (outer - 1) / slope


def lens(x: Field, y: Field, a: float, b: float) -> Field:
    """Return the signed distance to two arcs that meet at `(±a, 0)` and bulge to `(0, ±b)`."""
    radius = (a * a + b * b) / (2 * b)
    return np.hypot(x, np.abs(y) + radius - b) - radius


def over(canvas: Field, colour: Field, coverage: Field) -> None:
    """Lay a colour `(3,)` or `(3, height, width)` over a `(3, height, width)` canvas, in place."""
    for channel in range(3):
        canvas[channel] += (colour[channel] - canvas[channel]) * coverage
