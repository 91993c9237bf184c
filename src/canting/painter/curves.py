"""Curves as points, and what they cover when laid on a raster."""

import numpy as np
import numpy.typing as npt

from canting.painter.fields import Field

Mask = npt.NDArray[np.bool_]


def smooth(points: Field, steps: int = 10) -> Field:
    """Return a Catmull-Rom curve through open control points `(n, 2)`."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    before, start, end, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = (np.arange(steps) / steps)[None, :, None]
    before, start, end, after = (part[:, None] for part in (before, start, end, after))
    curve = start + 0.5 * t * (
        end
        - before
        + t * (2 * before - 5 * start + 4 * end - after + t * (3 * (start - end) + after - before))
    )
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def spiral(centre: Field, radius: float, start: float, turns: float, hand: float) -> Field:
    """Return a spiral that closes in on `centre` from angle `start`; `hand` is 1 or -1."""
    at = np.linspace(0, 1, int(40 * turns) + 2)
    angle = start + hand * 2 * np.pi * turns * at
    reach = radius * (1 - at) ** 0.8
    away: Field = reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return centre + away


def discs(across: Field, along: Field, row: tuple[Field, Field], pitch: float, far: float) -> Field:
    """Return the signed distance, at most `far`, to discs that repeat every `pitch` across.

    `across` and `along` are the axes of the raster; `row` holds centres `(n, 2)` and radii `(n,)`.
    """
    nearest = np.full((len(along), len(across)), far)
    for (x, y), radius in zip(*row, strict=True):
        reach = radius + far
        top, bottom = np.searchsorted(along, (y - reach, y + reach))
        first = int(np.ceil((across[0] - reach - x) / pitch))
        last = int(np.floor((across[-1] + reach - x) / pitch))
        for step in range(first, last + 1):
            span = np.searchsorted(across, (x + step * pitch - reach, x + step * pitch + reach))
            part = nearest[top:bottom, span[0] : span[1]]
            dx, dy = across[span[0] : span[1]] - x - step * pitch, along[top:bottom, None] - y
            np.minimum(part, np.sqrt(dx * dx + dy * dy) - radius, out=part)
    return nearest


def fill(polygon: Field, height: int, width: int) -> Mask:
    """Return the samples inside a closed polygon `(n, 2)` of x, y in samples (even-odd)."""
    ahead = np.roll(polygon, -1, axis=0)
    low, high = np.minimum(polygon[:, 1], ahead[:, 1]), np.maximum(polygon[:, 1], ahead[:, 1])
    first = np.clip(np.ceil(low - 0.5), 0, height).astype(np.int64)
    count = np.clip(np.ceil(high - 0.5), 0, height).astype(np.int64) - first
    edge = np.repeat(np.arange(len(polygon)), count)
    row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    rise = ahead[edge, 1] - polygon[edge, 1]
    share = (row + 0.5 - polygon[edge, 1]) / rise
    crossing = polygon[edge, 0] + share * (ahead[edge, 0] - polygon[edge, 0])
    column = np.clip(np.ceil(crossing - 0.5), 0, width).astype(np.int64)
    flips = np.zeros((height, width + 1), dtype=np.int64)
    np.add.at(flips, (row, column), 1)
    mask: Mask = np.cumsum(flips, axis=1)[:, :width] % 2 == 1
    return mask


def trace(curve: Field, height: int, width: int) -> Mask:
    """Return the samples that a curve `(n, 2)` passes through."""
    step = np.hypot(*np.diff(curve, axis=0).T)
    count = np.maximum(np.ceil(step * 1.6), 1).astype(np.int64)
    piece = np.repeat(np.arange(len(count)), count)
    share = (np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)) / count[piece]
    at = curve[piece] + share[:, None] * (curve[piece + 1] - curve[piece])
    column, row = np.floor(at).astype(np.int64).T
    seen = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    mask = np.zeros((height, width), dtype=np.bool_)
    mask[row[seen], column[seen]] = True
    return mask
