"""How one square lies in another: a symmetry of the square, then a scale and a shift a side."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from canting.data.near_duplicates.sketch import PATCH_SIDE, SIDE

Array = npt.NDArray[np.float32]


class Placement(NamedTuple):
    """Mirror if `mirrored`, turn clockwise by `turns` quarters, then `scale * point + shift`."""

    mirrored: bool
    turns: int
    scale: npt.NDArray[np.float64]
    shift: npt.NDArray[np.float64]


def turn_points(points: Array, mirrored: bool, turns: int) -> Array:
    """Return `(n, 2)` points of the square where a symmetry of the square takes them."""
    x, y = points.T
    x = SIDE - x if mirrored else x
    turned = [(x, y), (SIDE - y, x), (SIDE - x, SIDE - y), (y, SIDE - x)][turns]
    return np.stack(turned, axis=1)


def turn_patch(patch: Array, mirrored: bool, turns: int) -> Array:
    """Return a square patch under a symmetry of the square."""
    return np.ascontiguousarray(np.rot90(patch[:, ::-1] if mirrored else patch, -turns))


def lay(patch: Array, placement: Placement) -> tuple[Array, tuple[slice, slice]]:
    """Return `patch` as it lies in the other patch, and the rows and columns that it covers."""
    turned = turn_patch(patch, placement.mirrored, placement.turns)
    scale, shift = placement.scale, placement.shift * (PATCH_SIDE / SIDE)
    offset = shift + 0.5 * scale - 0.5
    matrix = np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]]])
    laid = cv2.warpAffine(turned, matrix, (PATCH_SIDE, PATCH_SIDE), flags=cv2.INTER_LINEAR)
    start = np.ceil(np.clip(shift, 0, PATCH_SIDE)).astype(int) + 1
    stop = np.floor(np.clip(shift + scale * PATCH_SIDE, 0, PATCH_SIDE)).astype(int) - 1
    return laid, (slice(start[1], stop[1]), slice(start[0], stop[0]))
