"""Pleats of a draped cloth: each shows a strip of it and hides the next."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from canting.painter.fields import Field, inside, noise, over, rough
from canting.painter.palettes import dye
from canting.painter.view import FINE, turn


def pleated(rng: np.random.Generator, x: Field, y: Field) -> tuple[Field, Field, Field]:
    """Return which place on the canvas is seen, and in what light, `(FINE, FINE)` each."""
    angle = rng.uniform(-0.4, 0.4) + np.pi / 2 * (rng.random() < 0.25)
    across, along = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    fan = 1 + along * rng.uniform(-0.7, 0.7)
    count = rng.uniform(3, 6.5)
    phase = (across * fan + noise(rng, FINE, 3) * 0.02) * count + 32
    phase = phase + np.sin(phase * rng.uniform(0.8, 2.2) + rng.uniform(0, 6)) * 0.25
    pleat = np.floor(phase).astype(np.int64)
    height = 2 * (phase - pleat) - 1
    round_ = np.arcsin(np.clip(height, -0.97, 0.97)) / np.pi + 0.5
    hidden, slip = rng.uniform(0.15, 0.7, 64), rng.uniform(-0.12, 0.12, 64)
    begins = np.cumsum(1 + hidden)
    place = begins[pleat % 64] + round_
    seen = (place - place.mean()) / count
    light = 0.3 + 0.85 * np.sqrt(1 - height**2 * 0.98) + 0.3 * rng.choice([-1, 1]) * height
    turned = along * rng.uniform(0.95, 1.15) + slip[pleat % 64]
    back = np.cos(angle) * seen - np.sin(angle) * turned
    return back, np.sin(angle) * seen + np.cos(angle) * turned, light


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


SOFT = 3 / FINE


@dataclass(frozen=True)
class Lie:
    """What each fine sample sees: a place on the canvas, `(FINE, FINE)` from -0.5 to 0.5 each way,
    how much light falls there, and how much of it is cloth.
    """

    x: Field
    y: Field
    light: Field
    cover: Field


def laid(rng: np.random.Generator, canvas: Field, hardships: frozenset[str]) -> Field:
    """Return the canvas as the hardships have it lie; the same canvas if they leave it flat."""
    ways = [WAYS[name] for name in WAYS if name in hardships]
    if not ways:
        return canvas
    at = (np.arange(FINE) + 0.5) / FINE - 0.5
    x, y = np.meshgrid(at, at)
    lie = ways[0](rng, x, y)
    around = drawn(rng, x, y)
    shadow = ndimage.gaussian_filter(np.roll(lie.cover, rng.integers(-12, 13, 2), (0, 1)), 8)
    scene: Field = around * (1 - 0.5 * shadow)
    over(scene, _seen(canvas, lie) * lie.light, lie.cover)
    return scene


def _seen(canvas: Field, lie: Lie) -> Field:
    """Return the canvas at the places of the lie; smoothed first where they lie far apart."""
    apart = float(np.median(np.abs(np.diff(lie.x, axis=1)) + np.abs(np.diff(lie.y, axis=1)))) * FINE
    smooth = ndimage.gaussian_filter(canvas, (0, apart / 3, apart / 3)) if apart > 1.3 else canvas
    where = (np.stack([lie.y, lie.x]) + 0.5) * FINE - 0.5
    return np.stack([ndimage.map_coordinates(one, where, order=1, mode="mirror") for one in smooth])


def _near(rng: np.random.Generator, x: Field, y: Field) -> Lie:
    points = np.stack([x, y], axis=-1) @ turn(rng.uniform(-0.6, 0.6)) * rng.uniform(0.38, 0.55)
    return _whole(points + rng.uniform(-0.15, 0.15, 2))


def _turned(rng: np.random.Generator, x: Field, y: Field) -> Lie:
    stretch = rng.uniform(1.35, 1.65) ** np.array([1.0, -1.0])[rng.permutation(2)]
    points = np.stack([x, y], axis=-1) @ turn(rng.uniform(0, np.pi)) * stretch
    return _whole(points @ turn(rng.uniform(0, np.pi)) * 0.95)


def _steep(rng: np.random.Generator, x: Field, y: Field) -> Lie:
    angle, tilt = rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 1.35)
    depth = 1 + tilt * (np.cos(angle) * x + np.sin(angle) * y)
    points = np.stack([x, y], axis=-1) / np.maximum(depth, 0.2)[..., None]
    return _whole(points * rng.uniform(0.6, 0.9))


def _far(rng: np.random.Generator, x: Field, y: Field) -> Lie:
    share = rng.uniform(0.36, 0.55)
    points = np.stack([x, y], axis=-1) - rng.uniform(-0.22, 0.22, 2)
    points = points @ turn(rng.uniform(-0.3, 0.3)) / share
    points = points / (1 + points @ rng.uniform(-0.35, 0.35, 2))[..., None]
    hang = noise(rng, FINE, 5) * 0.02
    u, v = points[..., 0] + hang, points[..., 1] * rng.uniform(0.8, 1.25) + hang
    outside = np.maximum(np.abs(u), np.abs(v)) - 0.5
    return Lie(u, v, 1 + noise(rng, FINE, 4) * 0.06, inside(outside, SOFT / share))


def _part(rng: np.random.Generator, x: Field, y: Field) -> Lie:
    angle, curl = rng.uniform(0, 2 * np.pi), noise(rng, FINE, 3) * rng.uniform(0.01, 0.05)
    along = np.cos(angle) * x + np.sin(angle) * y + curl
    across = np.cos(angle) * y - np.sin(angle) * x
    edge = along - np.quantile(along, rng.uniform(0.28, 0.5))
    if rng.random() < 0.4:
        edge = np.maximum(edge, np.abs(across + along * rng.uniform(-0.4, 0.4)) - 0.34)
    light = 1 - 0.35 * np.exp(-((edge / 0.05) ** 2)) + noise(rng, FINE, 4) * 0.05
    return Lie(x, y, light, inside(edge, SOFT))


def _draped(rng: np.random.Generator, x: Field, y: Field) -> Lie:
    u, v, light = pleated(rng, x, y)
    return Lie(u, v, light, np.ones_like(x))


def _whole(points: Field) -> Lie:
    full = np.ones(points.shape[:2])
    return Lie(points[..., 0], points[..., 1], full, full)


WAYS: dict[str, Callable[[np.random.Generator, Field, Field], Lie]] = {
    "close": _near,
    "draped": _draped,
    "far": _far,
    "part": _part,
    "steep": _steep,
    "turned": _turned,
}
