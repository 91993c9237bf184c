"""The camera's view: from picture to cloth coordinates and back."""

from dataclasses import dataclass

import numpy as np

from canting.painter.fields import Field

SIDE = 256
"""Height and width of a picture, pixels."""

FINE = 2 * SIDE
"""Samples along a side while drawing; two by two are averaged at the end."""


@dataclass(frozen=True)
class View:
    """A tilted, turned camera over a cloth that is not quite flat.

    Picture coordinates run from -0.5 to 0.5 along each side; so do cloth coordinates, nearly.
    `waves` holds rows of (direction x, y, frequency x, y, phase) that bend the cloth.
    """

    angle: float
    tilt: Field
    waves: Field

    def cloth(self, points: Field) -> Field:
        """Return the cloth coordinates `(..., 2)` under picture coordinates `(..., 2)`."""
        flat = points / (1 + points @ self.tilt)[..., None]
        return (flat + self._bent(points)) @ turn(self.angle)

    def picture(self, points: Field) -> Field:
        """Return the picture coordinates of cloth coordinates, by fixed-point steps."""
        target = points @ turn(self.angle).T
        guess = target
        for _ in range(6):
            flat = target - self._bent(guess)
            guess = flat / np.maximum(1 - flat @ self.tilt, 0.2)[..., None]
        return guess

    def _bent(self, points: Field) -> Field:
        phase = points @ self.waves[:, 2:4].T + self.waves[:, 4]
        bent: Field = np.sin(2 * np.pi * phase) @ self.waves[:, :2]
        return bent

    def samples(self) -> tuple[Field, Field]:
        """Return cloth x and y of every fine sample, `(FINE, FINE)` each."""
        at = (np.arange(FINE) + 0.5) / FINE - 0.5
        grid = np.stack(np.meshgrid(at, at), axis=-1)
        seen = self.cloth(grid)
        return np.ascontiguousarray(seen[..., 0]), np.ascontiguousarray(seen[..., 1])


def draw_view(rng: np.random.Generator, angle: float) -> View:
    """Draw a camera: a little tilt, soft bends of the cloth, the wobble of a hand."""
    tilt = rng.uniform(-1, 1, 2) * rng.choice([0.05, 0.2, 0.4], p=[0.4, 0.4, 0.2])
    bends = _waves(rng, 3, rng.uniform(0.0, 0.011), (0.5, 2.0))
    wobble = _waves(rng, 4, rng.uniform(0.0006, 0.002), (3.0, 8.0))
    return View(angle, tilt, np.concatenate([bends, wobble]))


def draw_count(rng: np.random.Generator, steps: tuple[float, ...]) -> float:
    """Draw how many motifs lie side by side, between two of four or more rising `steps`.

    The first span is the close-up, that shows a motif only in part; it is the rarest.
    """
    shares = np.r_[0.4, np.ones(len(steps) - 2)]
    span = int(rng.choice(len(steps) - 1, p=shares / shares.sum()))
    return float(rng.uniform(steps[span], steps[span + 1]))


def _waves(rng: np.random.Generator, count: int, size: float, pace: tuple[float, float]) -> Field:
    towards, along = rng.uniform(0, 2 * np.pi, (2, count))
    frequency = rng.uniform(*pace, count)
    columns = (
        np.cos(towards) * size,
        np.sin(towards) * size,
        np.cos(along) * frequency,
        np.sin(along) * frequency,
        rng.random(count),
    )
    return np.stack(columns, axis=1)


def turn(angle: float) -> Field:
    """Return the `(2, 2)` matrix that turns by `angle`, radians."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
