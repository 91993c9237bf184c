"""Camera noise of hard pictures: movement, few pixels, glare, deep shadow."""

import numpy as np
from scipy import ndimage

from canting.painter.fields import Field, noise
from canting.painter.view import SIDE


def taken(rng: np.random.Generator, picture: Field, hardships: frozenset[str]) -> Field:
    """Return the `(3, SIDE, SIDE)` picture with the hardships that are the camera's or the lamp's.

    Light comes before the lens, the lens before the sensor.
    """
    for name, mishap in MISHAPS.items():
        if name in hardships:
            picture = mishap(rng, picture)
    return np.clip(picture, 0, 1)


def _shade(rng: np.random.Generator, picture: Field) -> Field:
    edge = _slope(rng) - rng.uniform(-0.15, 0.15) + noise(rng, SIDE, 4) * 0.04
    lit = 1 / (1 + np.exp(-edge * rng.uniform(15, 60)))
    dark = rng.uniform(0.2, 0.35)
    return picture * (dark + (1 - dark) * lit)


def _glare(rng: np.random.Generator, picture: Field) -> Field:
    at = (np.arange(SIDE) + 0.5) / SIDE - 0.5
    x, y = np.meshgrid(at, at)
    for _ in range(int(rng.integers(1, 3))):
        angle, (u, v) = rng.uniform(0, np.pi), rng.uniform(-0.35, 0.35, 2)
        along = np.cos(angle) * (x - u) + np.sin(angle) * (y - v)
        across = np.cos(angle) * (y - v) - np.sin(angle) * (x - u)
        long, wide = rng.uniform(0.1, 0.28), rng.uniform(0.05, 0.11)
        picture = picture + rng.uniform(0.5, 1.0) * np.exp(
            -((along / long) ** 2) - (across / wide) ** 2
        )
    return np.minimum(picture, 1.0)


def _moved(rng: np.random.Generator, picture: Field) -> Field:
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(5, 11)
    bend = rng.uniform(-0.3, 0.3)
    total = np.zeros_like(picture)
    steps = np.linspace(-0.5, 0.5, 15)
    for step in steps:
        turned = angle + bend * step
        shift = (0.0, np.sin(turned) * step * reach, np.cos(turned) * step * reach)
        total += ndimage.shift(picture, shift, order=1, mode="nearest")
    return total / len(steps)


def _coarse(rng: np.random.Generator, picture: Field) -> Field:
    """Return the picture as from a sensor of 80 to 112 pixels a side, with its noise."""
    count = int(rng.choice([80, 88, 96, 112]))
    smooth = ndimage.gaussian_filter(picture, (0, SIDE / count * 0.45, SIDE / count * 0.45))
    few = (np.arange(count) + 0.5) * SIDE / count - 0.5
    rows, columns = np.meshgrid(few, few, indexing="ij")
    sensed = np.stack([_at(one, rows, columns) for one in smooth])
    sensed = sensed + (rng.random(sensed.shape) + rng.random(sensed.shape) - 1) * rng.uniform(
        0, 0.05
    )
    many = (np.arange(SIDE) + 0.5) * count / SIDE - 0.5
    rows, columns = np.meshgrid(many, many, indexing="ij")
    shown: Field = np.stack([_at(one, rows, columns) for one in sensed])
    return shown


def _at(one: Field, rows: Field, columns: Field) -> Field:
    seen: Field = ndimage.map_coordinates(one, np.stack([rows, columns]), order=1, mode="nearest")
    return seen


def _slope(rng: np.random.Generator) -> Field:
    at = (np.arange(SIDE) + 0.5) / SIDE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    slope: Field = np.cos(angle) * at[None, :] + np.sin(angle) * at[:, None]
    return slope


MISHAPS = {"shade": _shade, "glare": _glare, "moved": _moved, "coarse": _coarse}
