"""The table of drawn changes of pictures: light, sharpness, scale and more."""

import zlib
from collections.abc import Callable

import numpy as np

from canting.imaging import photometric
from canting.imaging.geometry import cropped, tilted, turned, warp
from canting.imaging.pictures import Pixels

Change = Callable[[Pixels, float, np.random.Generator], Pixels]
"""Takes a picture, a level, and a generator for what the level leaves open, such as the place."""


def changed(picture: Pixels, kind: str, level: float, identity: str, seed: int) -> Pixels:
    """Return a changed picture of the same size.

    `identity` is the picture's SHA-256. All levels of a kind share their draws: a crop goes deeper
    at one place, a picture is turned on to one side.
    """
    place = [seed, zlib.crc32(kind.encode()), int(identity[:16], 16)]
    return CHANGES[kind](picture, level, np.random.default_rng(place))


def _crop(picture: Pixels, share: float, generator: np.random.Generator) -> Pixels:
    x, y = generator.uniform(-1, 1, 2)
    return warp(picture, cropped(share, x, y, picture.shape[:2]))


def _rotation(picture: Pixels, degrees: float, generator: np.random.Generator) -> Pixels:
    return warp(picture, turned(degrees * generator.choice((-1, 1))))


def _perspective(picture: Pixels, farther: float, generator: np.random.Generator) -> Pixels:
    angle = generator.uniform(0, 2 * np.pi)
    tilt = farther * np.cos(angle), farther * np.sin(angle)
    return warp(picture, tilted(*tilt, picture.shape[:2]))


def _tint(picture: Pixels, strength: float, generator: np.random.Generator) -> Pixels:
    drawn = generator.uniform(-1, 1, 3)
    return photometric.gain(picture, (1 + strength * drawn / np.abs(drawn).max()).tolist())


CHANGES: dict[str, Change] = {
    "crop": _crop,
    "rotation": _rotation,
    "perspective": _perspective,
    "grey": lambda picture, *_: photometric.grey(picture),
    "invert": lambda picture, *_: photometric.invert(picture),
    "tint": _tint,
    "dark": lambda picture, level, _: photometric.gain(picture, level),
    "bright": lambda picture, level, _: photometric.gain(picture, level),
    "contrast": lambda picture, level, _: photometric.contrast(picture, level),
    "blur": lambda picture, level, _: photometric.blur(picture, level),
    "jpeg": lambda picture, level, _: photometric.jpeg(picture, int(level)),
}
"""Levels, titles and words of each kind are in `canting.config.catalog.CORRUPTIONS`."""
