"""Geometric transforms: one composed matrix, one resampling."""

from functools import partial
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from canting.imaging.pictures import Pixels

Box = tuple[int, int, int, int]
"""Top, left, height and width in pixels."""

Matrix = npt.NDArray[np.float64]
"""`(3, 3)`: takes a point (x, y, 1) of the view, in pixels from the centre, to the picture."""


def warp(picture: Pixels, matrix: Matrix) -> Pixels:
    """Apply a transformation in one bilinear resampling; the border is mirrored."""
    height, width = picture.shape[:2]
    centre = moved((width - 1) / 2, (height - 1) / 2)
    around = centre @ matrix @ np.linalg.inv(centre)
    resample: Any = partial(cv2.warpPerspective, M=around)
    if np.array_equal(matrix[2], (0, 0, 1)):
        resample = partial(cv2.warpAffine, M=around[:2])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    border = cv2.BORDER_REFLECT_101
    warped = resample(picture, dsize=(width, height), flags=flags, borderMode=border)
    return np.asarray(warped, dtype=np.uint8)


def box(share: float, x: int, y: int, size: tuple[int, int]) -> Box:
    """Return a crop of a share of the area, as near as whole pixels come to it.

    `x` and `y` are -1 at the left and the top, 0 in the middle, 1 at the right and the bottom;
    `size` is height and width.
    """
    height, width = (max(1, round(side * share**0.5)) for side in size)
    top, left = (1 + y) * (size[0] - height) // 2, (1 + x) * (size[1] - width) // 2
    return top, left, height, width


def enlarged(picture: Pixels, part: Box) -> npt.NDArray[np.float32]:
    """Scale a part of a picture up to its size, bilinearly, as TensorFlow does.

    Values are not rounded: two engines that differ in the last bit would round to two numbers.
    """
    top, left, height, width = part
    cut = picture[top : top + height, left : left + width].astype(np.float32)
    whole = cv2.resize(cut, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole, dtype=np.float32)


def moved(x: float, y: float) -> Matrix:
    """Return a shift by pixels."""
    matrix = np.eye(3)
    matrix[:2, 2] = x, y
    return matrix


def turned(degrees: float) -> Matrix:
    """Return a rotation about the centre."""
    angle = np.deg2rad(degrees)
    return np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )


def sheared(tangent: float) -> Matrix:
    """Return a shear along the width."""
    matrix = np.eye(3)
    matrix[0, 1] = tangent
    return matrix


def scaled(x: float, y: float) -> Matrix:
    """Return a scaling about the centre; below 1 the view shows less of the picture."""
    return np.diag([x, y, 1.0])


def tilted(x: float, y: float, size: tuple[int, int]) -> Matrix:
    """Return a perspective: an edge at `x` (or `y`) of 1 looks 1 + x times as far as the middle.

    `size` is height and width; |x| + |y| stays below 1, else the horizon is in the view.
    """
    matrix = np.eye(3)
    matrix[2, :2] = 2 * x / size[1], 2 * y / size[0]
    return matrix


def cropped(share: float, x: float, y: float, size: tuple[int, int]) -> Matrix:
    """Return a crop of a share of the area, scaled back up.

    `x` and `y` in -1…1 place it between left and right, top and bottom; `size` is height and width.
    """
    side = np.sqrt(share)
    place = moved(x * size[1] / 2 * (1 - side), y * size[0] / 2 * (1 - side))
    return np.asarray(place @ scaled(side, side))
