"""Isen: the small fillings inside and between the motifs, as signed distances."""

import numpy as np

from canting.painter.fields import Field, lens


def grains(x: Field, y: Field, pace: float) -> Field:
    """Return the distance to the nearest dot centre of a staggered lattice (*cecek*)."""
    rows = y * pace
    odd = np.floor(rows) % 2
    u = (x * pace + odd / 2) % 1.0 - 0.5
    v = rows % 1.0 - 0.5
    return np.hypot(u, v) / pace


def beads(along: Field, pitch: float, soft: float) -> Field:
    """Return a mask that turns a line, of which `along` is the length, into a row of beads."""
    return np.clip((0.3 - np.abs(along / pitch % 1.0 - 0.5)) * pitch / soft + 0.5, 0, 1)


def heart(kind: str, along: Field, across: Field, long: float, size: float) -> Field:
    """Return the filling of one petal whose long axis is `along`."""
    if kind == "dots":
        return np.hypot(np.abs(along) - long * 0.36, across) - size
    if kind == "cross":
        u, v = np.abs(along + across) * 0.7071, np.abs(along - across) * 0.7071
        far, near = np.maximum(u, v) - size * 1.3, np.minimum(u, v)
        return np.hypot(far, near * 1.8) - size * 0.95
    if kind == "slit":
        return lens(along, across, long * 0.6, size * 0.55)
    if kind == "seed":
        return np.abs(lens(along, across, long * 0.45, size * 1.5)) - size * 0.25
    if kind == "row":
        pitch = long * 0.24
        nearest = np.clip(np.rint(along / pitch), -2, 2) * pitch
        return np.hypot(along - nearest, across) - size * 0.6
    return np.abs(np.hypot(along, across) - size * 1.6) - size * 0.4


def star(kind: str, x: Field, y: Field, size: float) -> Field:
    """Return the filling of a gap between petals, centred on `(0, 0)`."""
    u, v = np.abs(x), np.abs(y)
    if kind == "dot":
        return np.hypot(x, y) - size * 0.7
    if kind == "ring":
        return np.abs(np.hypot(x, y) - size * 0.8) - size * 0.2
    if kind == "cross":
        return np.minimum(
            np.maximum(u - size, v - size * 0.2), np.maximum(v - size, u - size * 0.2)
        )
    if kind == "diamond":
        return (u + v - size) * 0.7071
    if kind == "flower":
        return np.hypot(np.maximum(u, v) - size * 0.65, np.minimum(u, v)) - size * 0.36
    if kind == "square":
        return np.abs(np.maximum(u, v) - size * 0.7) - size * 0.14
    return np.full_like(x, 9.0)
