"""Augmentation parameters: the random numbers that determine a view."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from canting.config.sections import Features
from canting.imaging.geometry import (
    Matrix,
    box,
    cropped,
    enlarged,
    moved,
    scaled,
    sheared,
    tilted,
    turned,
    warp,
)
from canting.imaging.photometric import blur, contrast, gain, grey, invert, jpeg
from canting.imaging.pictures import Pixels


class Parameters(NamedTuple):
    """Numbers in -1…1; each is drawn whether it is used or not, so that a kind of change which is
    switched off leaves the others as they are. New ones go to the end.
    """

    mirrored: float
    upside_down: float
    zoom_x: float
    zoom_y: float
    shift_x: float
    shift_y: float
    rotation: float
    shear: float
    crop: float
    crop_x: float
    crop_y: float
    perspective_x: float
    perspective_y: float
    grey: float
    invert: float
    red: float
    green: float
    blue: float
    brightness: float
    contrast: float
    blur: float
    jpeg: float


def draw(generator: np.random.Generator) -> Parameters:
    """Draw the numbers of one view."""
    return Parameters(*generator.uniform(-1, 1, len(Parameters._fields)))


def share(number: float) -> float:
    """Return a number of -1…1 as one of 0…1."""
    return (1 + number) / 2


def affine(drawn: Parameters, settings: Features, size: tuple[int, int]) -> Matrix:
    """Return the one matrix of all geometry; `size` is height and width.

    The share of a crop is drawn evenly on a logarithmic scale: each enlargement is as likely.
    """
    tilt = (
        settings.perspective * drawn.perspective_x,
        settings.perspective * drawn.perspective_y,
    )
    crop = settings.crop ** share(drawn.crop)
    return (
        cropped(crop, drawn.crop_x, drawn.crop_y, size)
        @ moved(
            settings.shift * drawn.shift_x * size[1],
            settings.shift * drawn.shift_y * size[0],
        )
        @ turned(settings.rotation * drawn.rotation)
        @ sheared(settings.shear * drawn.shear)
        @ scaled(1 + settings.zoom * drawn.zoom_x, 1 + settings.zoom * drawn.zoom_y)
        @ tilted(*tilt, size)
        @ _mirrored(drawn, settings)
    )


def _mirrored(drawn: Parameters, settings: Features) -> Matrix:
    return scaled(
        -1.0 if settings.horizontal_flip and drawn.mirrored < 0 else 1.0,
        -1.0 if settings.vertical_flip and drawn.upside_down < 0 else 1.0,
    )


def photometric(picture: Pixels, drawn: Parameters, settings: Features) -> Pixels:
    """Change the colours: first which there are, then the light on them."""
    if share(drawn.grey) < settings.grey:
        picture = grey(picture)
    if share(drawn.invert) < settings.invert:
        picture = invert(picture)
    if settings.tint or settings.brightness:
        light = 1 + settings.brightness * drawn.brightness
        tints = (drawn.red, drawn.green, drawn.blue)
        picture = gain(picture, [light * (1 + settings.tint * tint) for tint in tints])
    if settings.contrast:
        picture = contrast(picture, 1 + settings.contrast * drawn.contrast)
    return picture


def degraded(picture: Pixels, drawn: Parameters, settings: Features) -> Pixels:
    """Blur the picture and store it as JPEG."""
    if settings.blur:
        picture = blur(picture, settings.blur * share(drawn.blur))
    if settings.jpeg < 100:
        quality = settings.jpeg + (100 - settings.jpeg) * share(drawn.jpeg)
        picture = jpeg(picture, round(quality))
    return picture


FLIPS: tuple[tuple[int, ...], ...] = ((), (1,), (0,), (0, 1))
"""Axes, of height and width, that each view of a test is flipped along."""


PLACES = ((0, 0), (-1, -1), (1, -1), (-1, 1), (1, 1))
"""Of crops, to the right and down: the middle and the corners."""


class CropAndFlip(NamedTuple):
    """A view that a prediction is averaged over: a crop of a share of the area, then a flip.

    `x` and `y` place the crop, as those of `canting.imaging.geometry.box`.
    """

    axes: tuple[int, ...] = ()
    share: float = 1.0
    x: int = 0
    y: int = 0

    def of(self, picture: Pixels) -> npt.NDArray[Any]:
        """Return this view of a picture, in the picture's size; a crop is of float32."""
        seen: npt.NDArray[Any] = picture
        if self.share < 1:
            size = picture.shape[0], picture.shape[1]
            seen = enlarged(picture, box(self.share, self.x, self.y, size))
        return np.ascontiguousarray(np.flip(seen, self.axes)) if self.axes else seen


def views_of_test(settings: Features) -> list[CropAndFlip]:
    """Return the views of a test: the picture first, its flips, and those of every crop."""
    crops = [(1.0, 0, 0), *((one, *place) for one in settings.test_crops for place in PLACES)]
    return [CropAndFlip(axes, *crop) for crop in crops for axes in FLIPS[: settings.test_views]]


def view(picture: Pixels, number: int, identity: str, settings: Features, seed: int) -> Pixels:
    """Return view `number` of a picture; view 0 is the picture itself.

    Negative ones are the further `test_views`: -1 is the second of them.
    `identity` is the picture's SHA-256: the draw depends on the picture, not on its place.
    """
    if number <= 0:
        return views_of_test(settings)[-number].of(picture)
    drawn = draw(np.random.default_rng([seed, number, int(identity[:16], 16)]))
    warped = warp(picture, affine(drawn, settings, picture.shape[:2]))
    return degraded(photometric(warped, drawn, settings), drawn, settings)
