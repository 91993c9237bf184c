"""Mega Mendung: Cirebon's clouds, their edges graded inwards in five to seven steps of one dye."""

import numpy as np
from scipy import ndimage

from canting.painter import isen
from canting.painter.clouds import KINDS, Cloud
from canting.painter.curves import fill, trace
from canting.painter.fields import Field, inside, over
from canting.painter.palettes import Palette
from canting.painter.view import FINE, View, draw_view


def draw(rng: np.random.Generator, palette: Palette) -> Field:
    """Draw Mega Mendung as a `(3, FINE, FINE)` picture of flat, evenly lit cloth."""
    view = draw_view(rng, rng.uniform(-0.25, 0.25) + np.pi / 2 * (rng.random() < 0.12))
    canvas = np.empty((3, FINE, FINE))
    canvas[:] = palette.ground[:, None, None]
    _ground(rng, palette, view, canvas)
    size = rng.choice([rng.uniform(0.5, 0.8), rng.uniform(0.26, 0.5), rng.uniform(0.15, 0.26)])
    brush = _Brush(rng, palette, size)
    for cloud, span in _arranged(rng, size):
        brush.paint(canvas, view, cloud, span)
    return canvas


def _ground(rng: np.random.Generator, dye: Palette, view: View, canvas: Field) -> None:
    kind = rng.random()
    if kind < 0.55:
        return
    x, y = view.samples()
    pace, soft = rng.uniform(22, 50), 1.6 / FINE
    if kind < 0.8:
        grains = isen.grains(x, y, pace)
        over(canvas, dye.accent, inside(grains - 0.2 / pace, soft) * 0.9)
        return
    stripe = np.abs((y + 0.01 * np.sin(x * 40)) * pace % 1.0 - 0.5) / pace
    over(canvas, dye.accent, inside(stripe - 0.1 / pace, soft) * 0.7)


def _arranged(rng: np.random.Generator, size: float) -> list[tuple[Cloud, Field]]:
    """Return clouds with their `(3, 2)` placement: centre, and the axes as rows."""
    placed = []
    pitch = size * rng.uniform(0.42, 0.56)
    rows = int(np.ceil(0.85 / pitch))
    wide = size * rng.uniform(0.95, 1.15)
    columns = int(np.ceil(0.85 / wide))
    small = rng.uniform(0.1, 0.6)
    for row in range(-rows, rows + 1):
        for column in range(-columns, columns + 1):
            shift = 0.5 * (row % 2)
            jitter = rng.uniform(-1, 1, 2) * (0.18 * wide, 0.16 * pitch)
            centre = np.array([(column + shift) * wide, row * pitch]) + jitter
            placed.append(_one(rng, centre, size * rng.uniform(0.42, 0.66), 0.22))
            if rng.random() < small:
                aside = centre + (wide * 0.5, rng.uniform(-0.1, 0.1) * pitch)
                placed.append(_one(rng, aside, size * rng.uniform(0.16, 0.26), 0.5))
    order = rng.permutation(len(placed))
    return [placed[at] for at in order]


def _one(rng: np.random.Generator, centre: Field, reach: float, lean: float) -> tuple[Cloud, Field]:
    chances = [0.36, 0.3, 0.26, 0.08] if lean < 0.3 else [0.0, 0.3, 0.35, 0.35]
    cloud = KINDS[rng.choice(4, p=chances)](rng)
    angle = rng.uniform(-lean, lean)
    side = rng.choice([-1.0, 1.0])
    right = np.array([np.cos(angle), np.sin(angle)]) * reach
    down = np.array([-right[1], right[0]]) * rng.uniform(0.85, 1.15)
    return cloud, np.stack([centre, right * side, down])


class _Brush:
    """How the clouds of one cloth are filled; lengths are in fine samples."""

    def __init__(self, rng: np.random.Generator, dye: Palette, size: float) -> None:
        self.rng = rng
        steps = int(rng.integers(5, 8)) if rng.random() < 0.85 else 3
        pale, deep = (dye.light, dye.ink) if rng.random() < 0.7 else (dye.accent, dye.middle)
        if rng.random() < 0.3:
            pale, deep = deep, pale
        self.step = max(size * FINE * rng.uniform(0.016, 0.028), 2.2)
        self.rim = max(self.step * rng.uniform(0.5, 0.9), 1.8)
        self.first = _ramp(pale, dye.middle, deep, steps, dye.light if rng.random() < 0.7 else dye.ink)
        self.second = _ramp(deep, dye.accent, pale, steps, dye.light)
        self.mixed = rng.random() < 0.22
        self.hard = rng.random() < 0.75

    def paint(self, canvas: Field, view: View, cloud: Cloud, span: Field) -> None:
        second = self.mixed and self.rng.random() < 0.4
        curves = [_placed(view, curve, span) for curve in (cloud.outline, *cloud.curves)]
        low = np.maximum(np.floor(curves[0].min(axis=0)).astype(np.int64) - 1, 0)
        high = np.minimum(np.ceil(curves[0].max(axis=0)).astype(np.int64) + 2, FINE)
        width, height = (high - low).tolist()
        if width < 2 or height < 2:
            return
        shape = fill(curves[0] - low, height, width)
        if not shape.any():
            return
        lines = shape.copy()
        for curve in curves[1:]:
            lines &= ~trace(curve - low, height, width)
        depth = ndimage.distance_transform_edt(np.pad(lines, 1))[1:-1, 1:-1]
        patch = canvas[:, low[1] : high[1], low[0] : high[0]]
        over(patch, self._graded(depth, self.second if second else self.first), shape * 1.0)

    def _graded(self, depth: Field, ramp: Field) -> Field:
        at = np.maximum(depth - self.rim, 0) / self.step
        whole = np.floor(at)
        share = at - whole
        if self.hard:
            share = np.clip((share - 1) * self.step / 1.5 + 1, 0, 1)
        level = np.clip(whole + share, 0, len(ramp) - 2)
        level = np.where(depth <= self.rim, np.clip(depth - self.rim, -1, 0), level) + 1
        knots = np.arange(len(ramp))
        return np.stack([np.interp(level, knots, ramp[:, channel]) for channel in range(3)])


def _ramp(start: Field, middle: Field, end: Field, steps: int, rim: Field) -> Field:
    """Return `(steps + 1, 3)`: the rim's dye, then the gradation from the edge inwards."""
    at = np.linspace(0, 1, steps)
    grades = [np.interp(at, [0, 0.5, 1], [start[c], middle[c], end[c]]) for c in range(3)]
    return np.concatenate([rim[None], np.stack(grades, axis=1)])


def _placed(view: View, curve: Field, span: Field) -> Field:
    cloth = span[0] + curve @ span[1:]
    return (view.picture(cloth) + 0.5) * FINE
