"""The table of changes: what another camera, scale, light or cloth does to a picture."""

import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from canting.imaging import photometric
from canting.imaging.geometry import cropped, tilted, turned, warp
from canting.imaging.pictures import Pixels

Change = Callable[[Pixels, float, np.random.Generator], Pixels]
"""Takes a picture, a level, and a generator for what the level leaves open, such as the place."""


class Kind(NamedTuple):
    """A kind of change; its levels go from weak to strong."""

    levels: tuple[float, ...]
    change: Change


def changed(picture: Pixels, kind: str, level: float, identity: str, seed: int) -> Pixels:
    """Return a changed picture of the same size.

    `identity` is the picture's SHA-256. All levels of a kind share their draws: a crop goes deeper
    at one place, a picture is turned on to one side.
    """
    place = [seed, zlib.crc32(kind.encode()), int(identity[:16], 16)]
    return KINDS[kind].change(picture, level, np.random.default_rng(place))


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


KINDS: dict[str, Kind] = {
    "crop": Kind((0.7, 0.5, 0.3, 0.15), _crop),
    "rotation": Kind((15, 45, 90), _rotation),
    "perspective": Kind((0.15, 0.3), _perspective),
    "grey": Kind((1,), lambda picture, *_: photometric.grey(picture)),
    "invert": Kind((1,), lambda picture, *_: photometric.invert(picture)),
    "tint": Kind((0.2, 0.4), _tint),
    "dark": Kind((0.6, 0.3), lambda picture, level, _: photometric.gain(picture, level)),
    "bright": Kind((1.4, 1.8), lambda picture, level, _: photometric.gain(picture, level)),
    "contrast": Kind((0.5, 0.25), lambda picture, level, _: photometric.contrast(picture, level)),
    "blur": Kind((0.01, 0.02), lambda picture, level, _: photometric.blur(picture, level)),
    "jpeg": Kind((30, 10), lambda picture, level, _: photometric.jpeg(picture, int(level))),
}
"""Levels: share of the area, degrees, how much farther an edge is than the middle, all or nothing
(grey, invert), largest share that a channel gains or loses, factor of the light (dark, bright), of
the distance to the mean, standard deviation as a share of the shorter side, JPEG quality."""
