"""Mega Mendung: Cirebon's clouds, their edges graded inwards in five to seven steps of one dye."""

import numpy as np
from scipy import ndimage

from canting.painter import isen
from canting.painter.clouds import Cloud, arranged
from canting.painter.curves import fill, trace
from canting.painter.fields import Field, inside, over
from canting.painter.palettes import Palette
from canting.painter.view import FINE, View, draw_count, draw_view


def draw(rng: np.random.Generator, palette: Palette) -> Field:
    """Draw Mega Mendung as a `(3, FINE, FINE)` picture of flat, evenly lit cloth."""
    view = draw_view(rng, rng.uniform(-0.25, 0.25) + np.pi / 2 * (rng.random() < 0.12))
    canvas = np.empty((3, FINE, FINE))
    canvas[:] = palette.ground[:, None, None]
    _ground(rng, palette, view, canvas)
    size = 1 / draw_count(rng, (0.8, 1.25, 2, 3.8, 5.2))
    brush = _Brush(rng, palette, size)
    for cloud, span in arranged(rng, size):
        brush.paint(canvas, view, cloud, span)
    return canvas


def _ground(rng: np.random.Generator, dye: Palette, view: View, canvas: Field) -> None:
    kind = rng.random()
    if kind < 0.68:
        return
    x, y = view.samples()
    pace, soft = rng.uniform(34, 64), 1.6 / FINE
    if kind < 0.87:
        grains = isen.grains(x, y, pace)
        over(canvas, dye.accent, inside(grains - 0.2 / pace, soft) * 0.9)
        return
    sway, slant = rng.uniform(0.0, 0.012), rng.uniform(-1.2, 1.2)
    stripe = np.abs((y + slant * x + sway * np.sin(x * 40)) * pace % 1.0 - 0.5) / pace
    over(canvas, dye.accent, inside(stripe - 0.1 / pace, soft) * 0.7)


class _Brush:
    """How the clouds of one cloth are filled; lengths are in fine samples."""

    def __init__(self, rng: np.random.Generator, dye: Palette, size: float) -> None:
        self.rng, self.size = rng, size
        steps = int(rng.integers(5, 8)) if rng.random() < 0.85 else 3
        self.step = max(size * FINE * rng.uniform(0.022, 0.036), 2.4)
        self.rim = max(self.step * rng.uniform(0.5, 0.9), 2.0)
        hues = np.stack([dye.middle, dye.accent])[rng.permutation(2)]
        inwards = rng.random() < 0.78
        self.first, self.second = (_ramp(dye, hue, steps, inwards) for hue in hues)
        self.outlined = rng.random() < (0.15 if dye.light.sum() > dye.ground.sum() else 0.75)
        self.ink = dye.ink
        self.mixed = rng.random() < 0.25
        self.hard = rng.random() < 0.8

    def paint(self, canvas: Field, view: View, cloud: Cloud, span: Field) -> None:
        ramp = self.second if self.mixed and self.rng.random() < 0.4 else self.first
        curves = [_placed(view, curve, span) for curve in (cloud.outline, *cloud.curves)]
        margin = int(len(ramp) * self.step) + 2
        low = np.maximum(np.floor(curves[0].min(axis=0)).astype(np.int64) - 1, -margin)
        high = np.minimum(np.ceil(curves[0].max(axis=0)).astype(np.int64) + 2, FINE + margin)
        if (high <= 0).any() or (low >= FINE).any():
            return
        depth = _depth([curve - low for curve in curves], *(high - low).tolist())
        top, left = np.maximum(-low, 0)[::-1]
        down, right = np.maximum(low, 0)[::-1]
        patch = canvas[:, down : high[1], right : high[0]]
        seen = depth[top:, left:][: patch.shape[1], : patch.shape[2]]
        near = min(float(np.hypot(*span[1])) / self.size + 0.3, 0.8) / 0.8
        self._lay(patch, seen, ramp, near)

    def _lay(self, patch: Field, depth: Field, ramp: Field, near: float) -> None:
        rim, step = max(self.rim * near, 1.7), max(self.step * near, 1.7)
        covered = np.where(depth >= 0, 1.0, 0.0)
        over(patch, self._graded(depth, ramp, rim, step), covered)
        if self.outlined:
            over(patch, self.ink, covered * inside(depth - max(rim * 0.4, 1.0), 1.5))

    def _graded(self, depth: Field, ramp: Field, rim: float, step: float) -> Field:
        whole = np.floor((depth - rim) / step)
        share = (depth - rim) / step - whole
        if self.hard:
            share = np.clip((share - 1) * step / 1.5 + 1, 0, 1)
        level = np.where(depth <= rim, depth - rim, whole + share) + 1
        at = np.linspace(0, len(ramp) - 1, 64 * len(ramp))
        table = np.stack([np.interp(at, np.arange(len(ramp)), dye) for dye in ramp.T])
        nearest = np.rint(np.clip(level / (len(ramp) - 1), 0, 1) * (len(at) - 1))
        return table[:, nearest.astype(np.int64)]


def _depth(curves: list[Field], width: int, height: int) -> Field:
    """Return how far each sample lies from the nearest line of a cloud; -1 outside the cloud."""
    shape = fill(curves[0], height, width)
    free = shape.copy()
    for curve in curves[1:]:
        free &= ~trace(curve, height, width)
    depth: Field = ndimage.distance_transform_edt(free)
    return np.where(shape, depth, -1.0)


def _ramp(dye: Palette, hue: Field, steps: int, inwards: bool) -> Field:
    """Return `(steps + 1, 3)`: the rim's dye, then the gradation from the edge inwards."""
    white = max(dye.light, dye.ground, key=np.sum)
    black = min(dye.ink, dye.light, dye.ground, key=np.sum)
    hue = hue * min(1.0, 0.6 / hue.mean())
    pale, deep = hue + (white - hue) * 0.42, hue + (black - hue) * 0.75
    stops = (pale, hue, deep) if inwards else (deep, hue, pale)
    at = np.linspace(0, 1, steps)
    grades = np.stack(
        [np.interp(at, [0, 0.4, 1], dyes) for dyes in zip(*stops, strict=True)], axis=1
    )
    return np.concatenate([white[None], grades])


def _placed(view: View, curve: Field, span: Field) -> Field:
    cloth = span[0] + curve @ span[1:]
    return (view.picture(cloth) + 0.5) * FINE
