"""Augmented views: one composed affine transformation per picture and view."""

import cv2
import numpy as np
import numpy.typing as npt

from canting.core.params import Features
from canting.pictures import Pixels

FLIPS: tuple[tuple[int, ...], ...] = ((), (1,), (0,), (0, 1))
"""Axes, of height and width, that each view of a test is flipped along."""

Matrix = npt.NDArray[np.float64]
"""`(3, 3)`: takes a point (x, y, 1) of the view, in pixels from the centre, to the picture."""


def view(picture: Pixels, number: int, identity: str, settings: Features, seed: int) -> Pixels:
    """Return view `number` of a picture; view 0 is the picture itself.

    Negative ones are the further views of a test: -1 mirrored, -2 upside down, -3 both.
    `identity` is the picture's SHA-256: the draw depends on the picture, not on its place.
    """
    if number == 0:
        return picture
    if number < 0:
        return np.ascontiguousarray(np.flip(picture, FLIPS[-number]))
    generator = np.random.default_rng([seed, number, int(identity[:16], 16)])
    return warp(picture, draw(generator, settings, picture.shape[:2]))


def draw(generator: np.random.Generator, settings: Features, size: tuple[int, int]) -> Matrix:
    """Draw one transformation; what is switched off does not change the other draws."""
    unit = generator.uniform(-1, 1, 8)
    mirror = np.diag(
        [
            -1.0 if settings.horizontal_flip and unit[0] < 0 else 1.0,
            -1.0 if settings.vertical_flip and unit[1] < 0 else 1.0,
            1.0,
        ]
    )
    zoom = np.diag([1 + settings.zoom * unit[2], 1 + settings.zoom * unit[3], 1.0])
    shift = np.eye(3)
    shift[:2, 2] = settings.shift * unit[4:6] * (size[1], size[0])
    return (
        shift
        @ _rotation(settings.rotation * unit[6])
        @ _shear(settings.shear * unit[7])
        @ zoom
        @ mirror
    )


def warp(picture: Pixels, matrix: Matrix) -> Pixels:
    """Apply a transformation in one bilinear resampling; the border is mirrored."""
    height, width = picture.shape[:2]
    centre = np.eye(3)
    centre[:2, 2] = (width - 1) / 2, (height - 1) / 2
    around = centre @ matrix @ np.linalg.inv(centre)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(
        picture, around[:2], (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(warped, dtype=np.uint8)


def _rotation(degrees: float) -> Matrix:
    angle = np.deg2rad(degrees)
    return np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )


def _shear(tangent: float) -> Matrix:
    matrix = np.eye(3)
    matrix[0, 1] = tangent
    return matrix
