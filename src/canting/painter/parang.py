"""Parang: slanting rows of knives that lock into each other, mlinjon lozenges between the rows."""

import numpy as np
from scipy import ndimage

from canting.painter import isen
from canting.painter.curves import discs
from canting.painter.fields import Field, inside, line, noise, over
from canting.painter.palettes import Palette
from canting.painter.view import FINE, draw_view

TILE = (160, 320)
"""Samples along and across one repeat of the row."""


def draw(rng: np.random.Generator, palette: Palette) -> Field:
    """Draw Parang as a `(3, FINE, FINE)` picture of flat, evenly lit cloth."""
    lean = rng.choice([-1, 1]) * np.pi / 4 + rng.uniform(-0.2, 0.2)
    if rng.random() < 0.12:
        lean = rng.uniform(0, np.pi)
    repeat = 1 / rng.choice([rng.uniform(1.4, 2.4), rng.uniform(2.4, 4.5), rng.uniform(4.5, 8)])
    x, y = draw_view(rng, lean).samples()
    s, t = x / repeat + rng.random() * 8, y / repeat + rng.random() * 8
    return _Cloth(rng, palette, s, t, 1.6 / FINE / repeat).paint()


class _Cloth:
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
        knives, veins = self._knives()
        self._between(canvas, knives)
        self._fill(canvas, knives, veins)
        return canvas

    def _knives(self) -> tuple[Field, Field]:
        along = (np.arange(TILE[0]) + 0.5) / TILE[0] * self.pitch
        across = (np.arange(TILE[1]) + 0.5) / TILE[1] - 0.5
        grid = np.meshgrid(along, across)
        lean = self.rng.uniform(0.75, 1.05)
        turns = int(np.ceil(self.half * lean / self.pitch)) + 1
        shifts = tuple((self.pitch * step, 0.0) for step in range(-turns, turns + 2))
        make = self.rng.choice([_hooked, _waisted, _leaved], p=[0.4, 0.35, 0.25])
        body, vein = make(self.rng, self.half, self.pitch, lean)
        tile = discs(grid[0], grid[1], *body, shifts)
        cut = discs(grid[0], grid[1], *vein, shifts)
        where = self._where()
        return self._seen(tile, where) + self.hand, self._seen(cut, where) + self.hand

    def _where(self) -> Field:
        column = self.s / self.pitch * TILE[0] - 0.5
        row = (self.t + 0.5) * TILE[1] - 0.5
        return np.stack([row, column])

    def _seen(self, tile: Field, where: Field) -> Field:
        return ndimage.map_coordinates(tile, where, order=1, mode="grid-wrap")

    def _between(self, canvas: Field, knives: Field) -> None:
        rng, dye = self.rng, self.dye
        if rng.random() < 0.5:
            over(canvas, dye.ink, inside(knives - rng.uniform(0.02, 0.05), self.soft))
        if rng.random() < 0.6:
            over(canvas, dye.accent, line(knives - rng.uniform(0.02, 0.04), self.width, self.soft))
        middle = (self.t + 1.0) % 1.0 - 0.5
        near = np.abs(middle)
        if rng.random() < 0.45:
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

    def _fill(self, canvas: Field, knives: Field, veins: Field) -> None:
        rng, dye = self.rng, self.dye
        fill = np.broadcast_to(dye.light[:, None, None], canvas.shape)
        if rng.random() < 0.2:
            other = rng.choice(np.stack([dye.accent, dye.middle]))
            fill = np.where(self.row % 2 == 0, fill, other[:, None, None])
        over(canvas, fill, inside(knives, self.soft))
        if rng.random() < 0.25:
            for step in range(int(rng.integers(1, 4))):
                tint = dye.light + (dye.middle - dye.light) * (0.25 + 0.2 * step)
                over(canvas, tint, inside(knives + self.pitch * (0.07 + 0.06 * step), self.soft))
        elif rng.random() < 0.4:
            depth = self.pitch * rng.uniform(0.05, 0.09)
            over(canvas, dye.middle, line(knives + depth, self.width * 0.7, self.soft))
        if rng.random() < 0.35:
            grains = isen.grains(self.s, self.t, rng.uniform(12, 22))
            over(canvas, dye.middle, inside(grains - 0.012, self.soft) * inside(knives + 0.03, self.soft))
        over(canvas, dye.ink, inside(veins, self.soft) * inside(knives, self.soft))
        over(canvas, dye.ink, line(knives, self.width * rng.uniform(1, 1.6), self.soft))


Row = tuple[Field, Field]
"""Centres `(n, 2)` and radii `(n,)` of discs."""


def _stroke(half: float, lean: float, bend: float, v: Field, sway: float = 0.0) -> Field:
    """Return the spine of a knife at heights `v` in -1..1, bent like an S."""
    x = v * half * lean + bend * np.sin(np.pi * v) + sway
    return np.stack([x, v * half], axis=1)


def _both_ways(row: Row, step: float) -> Row:
    centres, radii = row
    return np.concatenate([centres, -centres + (step, 0)]), np.concatenate([radii, radii])


def _hooked(rng: np.random.Generator, half: float, pitch: float, lean: float) -> tuple[Row, Row]:
    """Knives with a round hilt, a thin neck and a broad blade, every other one turned around."""
    v = np.linspace(-1, 1, 44)
    thick = pitch * rng.uniform(0.145, 0.17)
    profile = np.interp(v, [-1, -0.86, -0.62, 0.1, 0.6, 0.9, 1], [0.75, 0.85, 0.34, 0.8, 1, 0.8, 0.5])
    centres = _stroke(half, lean, pitch * rng.uniform(0.05, 0.13), v * 0.93)
    body = _both_ways((centres, profile * thick), pitch / 2)
    w = np.linspace(-0.2, 0.75, 24)
    vein = _stroke(half, lean, pitch * 0.08, w), np.full(24, pitch * rng.uniform(0.008, 0.018))
    return body, _both_ways(vein, pitch / 2)


def _waisted(rng: np.random.Generator, half: float, pitch: float, lean: float) -> tuple[Row, Row]:
    """S-shaped knives, broad in the middle and knobbed at both ends, with beads in the gaps."""
    v = np.linspace(-1, 1, 52)
    thick = pitch * rng.uniform(0.26, 0.31)
    knots = [-1, -0.9, -0.66, -0.3, 0, 0.3, 0.66, 0.9, 1]
    profile = np.interp(v, knots, [0.4, 0.55, 0.36, 0.85, 1, 0.85, 0.36, 0.55, 0.4])
    centres = _stroke(half, lean, pitch * rng.uniform(0.08, 0.16), v * 0.95)
    bead = np.array([[-half * lean * 0.72 + pitch * 0.47, -half * 0.84]])
    beads = np.concatenate([bead, -bead])
    size = np.full(2, pitch * rng.uniform(0.1, 0.14))
    body = np.concatenate([centres, beads]), np.concatenate([profile * thick, size])
    w = np.linspace(-0.8, 0.8, 40)
    vein = _stroke(half, lean, pitch * 0.2, w), np.full(40, pitch * rng.uniform(0.01, 0.02))
    return body, vein


def _leaved(rng: np.random.Generator, half: float, pitch: float, lean: float) -> tuple[Row, Row]:
    """Straight rods with a leaf and two beads between them."""
    v = np.linspace(-1, 1, 40)
    rod = _stroke(half, lean, pitch * rng.uniform(0, 0.06), v * 0.93)
    rods = np.interp(v, [-1, -0.5, 0, 0.5, 1], [0.6, 1, 0.8, 1, 0.6]) * pitch * 0.13
    w = np.linspace(-0.55, 0.55, 30)
    leaf = _stroke(half, lean, -pitch * 0.05, w, pitch * 0.5)
    leaves = np.sqrt(np.maximum(1 - (w / 0.62) ** 2, 0)) * pitch * rng.uniform(0.17, 0.21)
    beads = np.stack([leaf[0] + (leaf[0] - leaf[2]) * 4.2, leaf[-1] + (leaf[-1] - leaf[-3]) * 4.2])
    size = np.full(2, pitch * rng.uniform(0.1, 0.13))
    body = np.concatenate([rod, leaf, beads]), np.concatenate([rods, leaves, size])
    return body, (leaf[6:-6], np.full(18, pitch * rng.uniform(0.008, 0.02)))
