"""Parang: slanting rows of knives that lock into each other, mlinjon lozenges between the rows."""

import numpy as np
from scipy import ndimage

from canting.painter import isen, knives
from canting.painter.curves import discs
from canting.painter.fields import Field, inside, line, noise, over
from canting.painter.palettes import Palette
from canting.painter.view import FINE, draw_count, draw_view

TILE = (160, 320)
"""Samples along and across one repeat of the row."""


def draw(rng: np.random.Generator, palette: Palette) -> Field:
    """Draw Parang as a `(3, FINE, FINE)` picture of flat, evenly lit cloth."""
    lean = rng.choice([-1, 1]) * np.pi / 4 + rng.uniform(-0.2, 0.2)
    if rng.random() < 0.12:
        lean = rng.uniform(0, np.pi)
    repeats = draw_count(rng, (0.95, 1.4, 2.4, 4.2, 5.8))
    x, y = draw_view(rng, lean).samples()
    s, t = x * repeats + rng.uniform(0, 8), y * repeats + rng.uniform(0, 8)
    return _ParangCloth(rng, palette, s, t, 1.6 / FINE * repeats).paint()


class _ParangCloth:
    """The rows under one picture; lengths are in repeats across the rows."""

    def __init__(
        self, rng: np.random.Generator, palette: Palette, s: Field, t: Field, soft: float
    ) -> None:
        self.rng, self.dye, self.soft = rng, palette, soft
        self.band = rng.uniform(0.14, 0.34)
        self.half = (1 - self.band) / 2
        self.pitch = (1 - self.band) * rng.uniform(0.42, 0.62)
        self.drift = rng.uniform(0, self.pitch)
        self.row = np.floor(t)
        self.t = t - self.row - 0.5
        self.s = s - self.row * self.drift
        self.width = max(rng.uniform(0.01, 0.022), soft * 0.9)
        self.hand = noise(rng, FINE, 40) * min(0.004, 2.5 * soft)

    def paint(self) -> Field:
        canvas = np.empty((3, FINE, FINE))
        canvas[:] = self.dye.ground[:, None, None]
        blades, veins = self._blades()
        self._between(canvas, blades)
        self._fill(canvas, blades, veins)
        return canvas

    def _blades(self) -> tuple[Field, Field]:
        along = (np.arange(TILE[0]) + 0.5) / TILE[0] * self.pitch
        across = (np.arange(TILE[1]) + 0.5) / TILE[1] - 0.5
        body, vein = knives.forge(self.rng, self.half, self.pitch)
        tile = discs(along, across, body, self.pitch, 0.12)
        cut = discs(along, across, vein, self.pitch, 0.12)
        where = self._where()
        return self._seen(tile, where) + self.hand, self._seen(cut, where) + self.hand

    def _where(self) -> Field:
        column = self.s / self.pitch * TILE[0] - 0.5
        row = (self.t + 0.5) * TILE[1] - 0.5
        return np.stack([row, column])

    def _seen(self, tile: Field, where: Field) -> Field:
        seen: Field = ndimage.map_coordinates(tile, where, order=1, mode="grid-wrap")
        return seen

    def _between(self, canvas: Field, blades: Field) -> None:
        rng, dye = self.rng, self.dye
        if rng.random() < 0.5:
            over(canvas, dye.ink, inside(blades - rng.uniform(0.02, 0.05), self.soft))
        if rng.random() < 0.6:
            contour = line(blades - rng.uniform(0.02, 0.04), self.width, self.soft)
            if rng.random() < 0.5:
                contour = contour * isen.beads(self.s * 0.6 + self.t, self.width * 2.4, self.soft)
            over(canvas, dye.accent if rng.random() < 0.5 else dye.light, contour)
        middle = (self.t + 1.0) % 1.0 - 0.5
        near = np.abs(middle)
        if rng.random() < 0.3:
            strip = inside(near - self.band * rng.uniform(0.36, 0.48), self.soft)
            over(canvas, rng.choice(np.stack([dye.ink, dye.middle])), strip)
        self._mlinjon(canvas, middle)
        if rng.random() < 0.4:
            edge = line(near - self.band * 0.46, self.width, self.soft)
            over(canvas, dye.light if rng.random() < 0.5 else dye.accent, edge)

    def _mlinjon(self, canvas: Field, middle: Field) -> None:
        rng, dye = self.rng, self.dye
        pitch = self.pitch / rng.choice([1, 1, 2])
        # half a row further, the shift of the row below has not come yet
        s = self.s + np.where(self.t > 0, self.drift * -0.5, self.drift * 0.5)
        u, v = (s / pitch % 1.0 - 0.5) * pitch, middle
        size = min(self.band * 0.36, pitch * 0.4)
        skew = rng.uniform(-0.5, 0.5)
        lozenge = (np.abs(u + skew * v) + np.abs(v)) * 0.75 - size * 0.75
        over(canvas, dye.light if rng.random() < 0.4 else dye.accent, inside(lozenge, self.soft))
        over(canvas, dye.middle, inside(lozenge + size * 0.25, self.soft))
        if rng.random() < 0.6:
            over(canvas, dye.ink, inside(lozenge + size * 0.5, self.soft))

    def _fill(self, canvas: Field, blades: Field, veins: Field) -> None:
        rng, dye = self.rng, self.dye
        fill = np.broadcast_to(dye.light[:, None, None], canvas.shape)
        if rng.random() < 0.2:
            other = rng.choice(np.stack([dye.accent, dye.middle]))
            fill = np.where(self.row % 2 == 0, fill, other[:, None, None])
        over(canvas, fill, inside(blades, self.soft))
        if rng.random() < 0.25:
            for step in range(int(rng.integers(1, 4))):
                tint = dye.light + (dye.middle - dye.light) * (0.25 + 0.2 * step)
                over(canvas, tint, inside(blades + self.pitch * (0.07 + 0.06 * step), self.soft))
        elif rng.random() < 0.4:
            depth = self.pitch * rng.uniform(0.05, 0.09)
            over(canvas, dye.middle, line(blades + depth, self.width * 0.7, self.soft))
        if rng.random() < 0.35:
            grains = isen.grains(self.s, self.t, rng.uniform(12, 22))
            over(
                canvas,
                dye.middle,
                inside(grains - 0.012, self.soft) * inside(blades + 0.03, self.soft),
            )
        over(canvas, dye.pen, inside(veins, self.soft) * inside(blades, self.soft))
        over(canvas, dye.pen, line(blades, self.width * rng.uniform(1, 1.6), self.soft))
