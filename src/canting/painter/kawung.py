"""Kawung: ovals in fours that meet crosswise, like a cut palm fruit."""

import numpy as np

from canting.painter import isen
from canting.painter.fields import Field, ellipse, inside, lens, line, noise, over
from canting.painter.palettes import Palette
from canting.painter.view import FINE, draw_count, draw_view

HEARTS = ("dots", "cross", "slit", "seed", "row", "ring")
STARS = ("dot", "ring", "cross", "diamond", "flower", "square", "plain")


def draw(rng: np.random.Generator, palette: Palette) -> Field:
    """Draw Kawung as a `(3, FINE, FINE)` picture of flat, evenly lit cloth."""
    turned = float(np.pi / 4 * rng.integers(0, 2) + rng.uniform(-0.12, 0.12))
    if rng.random() < 0.2:
        turned = rng.uniform(0, np.pi)
    cells = draw_count(rng, (1.1, 1.7, 3, 6, 11))
    x, y = draw_view(rng, turned).samples()
    a = x * cells + rng.uniform(16, 24)
    b = y * cells * rng.uniform(0.92, 1.08) + rng.uniform(16, 24)
    return _KawungCloth(rng, palette, a, b, 1.6 / FINE * cells).paint()


class _KawungCloth:
    """The lattice under one picture; lengths are in cells."""

    def __init__(
        self, rng: np.random.Generator, palette: Palette, a: Field, b: Field, soft: float
    ) -> None:
        self.rng, self.dye, self.soft = rng, palette, soft
        i, j = np.floor(a).astype(np.int64), np.floor(b).astype(np.int64)
        self.row, self.column = i, j
        sway = rng.uniform(-1, 1, (3, 64, 64)) * np.array([0.012, 0.012, 0.05])[:, None, None]
        du, dv, twist = (part[i % 64, j % 64] for part in sway)
        u, v = a - i - 0.5 + du, b - j - 0.5 + dv
        slope = np.where((i + j) % 2 == 0, 1.0, -1.0)
        along, across = (u + slope * v) / np.sqrt(2), (v - slope * u) / np.sqrt(2)
        self.along, self.across = along + twist * across, across - twist * along
        ni, nj = np.rint(a), np.rint(b)
        self.p, self.q = a - ni, b - nj
        self.even = (ni + nj).astype(np.int64) % 2 == 0
        self.width = max(rng.uniform(0.012, 0.04), soft * 0.9)
        self.hand = noise(rng, FINE, 24) * min(0.004, 2 * soft)

    def paint(self) -> Field:
        canvas = np.empty((3, FINE, FINE))
        canvas[:] = self.dye.ground[:, None, None]
        petal = self._petal()
        self._behind(canvas, petal)
        self._fill(canvas, petal)
        self._heart(canvas)
        self._stars(canvas)
        return canvas

    def _petal(self) -> Field:
        fat = self.rng.uniform(0.28, 0.44)
        fat = self.rng.uniform(0.2, 0.3) if self.rng.random() < 0.25 else fat
        long = min(np.sqrt(0.485 - fat**2), 0.64) * self.rng.uniform(0.94, 1.0)
        pointed = self.rng.choice([0.0, self.rng.uniform(0, 0.5), 1.0], p=[0.4, 0.35, 0.25])
        if pointed == 1.0:
            long, fat = self.rng.uniform(0.62, 0.68), min(fat, 0.29)
        self.long, self.fat = long, fat
        oval = ellipse(self.along, self.across, long, fat)
        leaf = lens(self.along, self.across, min(long * 1.08, 0.69), fat * 1.02)
        shape: Field = oval * (1 - pointed) + leaf * pointed + self.hand
        return shape

    def _behind(self, canvas: Field, petal: Field) -> None:
        rng, dye = self.rng, self.dye
        if rng.random() < 0.4:
            over(canvas, dye.ink, inside(petal - rng.uniform(0.04, 0.09), self.soft))
        if rng.random() < 0.35:
            over(canvas, dye.accent, line(petal - rng.uniform(0.05, 0.1), self.width, self.soft))
        if rng.random() < 0.35:
            grains = isen.grains(self.p, self.q, rng.uniform(7, 12))
            free = inside(0.07 - petal, self.soft)
            over(canvas, dye.accent, inside(grains - 0.018, self.soft) * free)

    def _fill(self, canvas: Field, petal: Field) -> None:
        rng, dye = self.rng, self.dye
        fill = np.broadcast_to(dye.light[:, None, None], canvas.shape)
        if rng.random() < 0.25:
            turn = self.row if rng.random() < 0.5 else self.row + self.column
            other = rng.choice(np.stack([dye.accent, dye.middle]))
            fill = np.where(turn % 2 == 0, fill, other[:, None, None])
        over(canvas, fill, inside(petal, self.soft))
        if rng.random() < 0.3:
            for step in range(int(rng.integers(1, 4))):
                deep = petal + self.fat * (0.22 + 0.2 * step)
                tint = dye.light + (dye.middle - dye.light) * (0.25 + 0.22 * step)
                over(canvas, tint, inside(deep, self.soft))
        elif rng.random() < 0.6:
            depth = self.fat * rng.uniform(0.16, 0.35)
            over(canvas, dye.middle, line(petal + depth, self.width * 0.8, self.soft))
        self._stitches(canvas, petal)
        over(canvas, dye.ink, line(petal, self.width * rng.uniform(1, 1.8), self.soft))

    def _stitches(self, canvas: Field, petal: Field) -> None:
        rng, dye = self.rng, self.dye
        around = np.arctan2(self.across / self.fat, self.along / self.long)
        count = int(rng.integers(18, 34))
        dots = isen.beads(around * count / (2 * np.pi), 1.0, self.soft * count / 3)
        if rng.random() < 0.35:
            inner = line(petal + self.fat * rng.uniform(0.14, 0.24), self.width, self.soft)
            over(canvas, dye.middle, inner * dots)
        if rng.random() < 0.25:
            outer = line(petal - self.width * 2.2, self.width, self.soft)
            over(canvas, dye.light, outer * dots)
        if rng.random() < 0.25:
            count = 2 * count
            strokes = isen.beads(around * count / (2 * np.pi), 1.0, self.soft * count / 3)
            depth = np.abs(petal + self.fat * 0.16) - self.fat * 0.1
            over(canvas, dye.middle, inside(depth, self.soft) * strokes)

    def _heart(self, canvas: Field) -> None:
        rng, dye = self.rng, self.dye
        size = self.fat * rng.uniform(0.12, 0.2)
        kind = str(rng.choice(HEARTS))
        mark = isen.heart(kind, self.along, self.across, self.long, size)
        over(canvas, dye.pen if rng.random() < 0.7 else dye.middle, inside(mark, self.soft))

    def _stars(self, canvas: Field) -> None:
        rng, dye = self.rng, self.dye
        room = 0.5 - self.fat * 0.55
        for where, reach in ((self.even, 0.09), (~self.even, room * rng.uniform(0.4, 0.7))):
            for dye_of, share in ((dye.accent, 1.0), (dye.ink, 0.45)):
                kind = str(rng.choice(STARS))
                mark = isen.star(kind, self.p, self.q, reach * share)
                over(canvas, dye_of, inside(mark, self.soft) * where)
