"""Values of more than 8 bits, scaled by what they hold and not by the type that holds them.

Whole numbers hold 8, 10, 12, 14 or 16 bits: the fewest into which the largest of them fits. Other
numbers are shares (0 to 1) or levels (0 to 255) where they all fit; else the least becomes black
and the greatest white. What is no number, or no finite one, counts as the least, or as the greatest
where it is plus infinity.
"""

import io
import sys
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from canting.imaging.errors import corrupt

DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
"""Modes of one channel of more than 8 bits."""

STRIP = 2**20
"""Pixels that are converted at once, about."""

SHORT = 2**18
"""The same, where both halves of a picture's values are in memory."""

_STEPS = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)

Strip = tuple[int, Image.Image]
"""The first row of a strip, and its pixels."""


class ValueScale(NamedTuple):
    """The values that become black and white; `is_negative`: a small one is bright."""

    black: float
    white: float
    is_negative: bool = False


def strips(image: Image.Image, factor: int = 1, most: int = STRIP) -> Iterator[Strip]:
    """Yield strips with their first rows, all of them multiples of `factor`."""
    rows = factor * max(1, most // (image.width * factor))
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def scale_of(image: Image.Image) -> ValueScale:
    """Return the scale of a picture of one deep channel; raise `PictureError` for one of NaN."""
    least, most, are_whole, is_float = np.inf, -np.inf, True, image.mode == "F"
    for _, strip in strips(image):
        values = np.asarray(strip)
        values = values[np.isfinite(values)]
        if values.size:
            least, most = min(least, values.min()), max(most, values.max())
            are_whole = are_whole and not (is_float and np.any(values % 1))
    if least > most:
        raise corrupt("no value is a finite number")
    steps = _STEPS if are_whole else _STEPS[:1]
    white = _step(float(most), (1.0, *steps) if is_float else steps)
    if least < 0 or most > white:
        return ValueScale(float(least), float(most), _is_negative(image))
    return ValueScale(0.0, white, _is_negative(image))


def _step(most: float, steps: tuple[float, ...] = _STEPS) -> float:
    return next((step for step in steps if most <= step), steps[-1])


def _is_negative(image: Image.Image) -> bool:
    """Return whether a TIFF says that 0 is white, which Pillow leaves as it is in these modes."""
    tags = getattr(image, "tag_v2", {})
    return bool(tags) and tags.get(262) == 0


def eight_bits(image: Image.Image, scale: ValueScale) -> Image.Image:
    """Return a strip of one deep channel in 8 bits."""
    values = np.asarray(image).astype(np.float64)
    shares = _filled(values, scale) - scale.black
    shares = np.clip(shares / ((scale.white - scale.black) or 1), 0, 1)
    shares = 1 - shares if scale.is_negative else shares
    return Image.fromarray(np.rint(shares * 255).astype(np.uint8))


def _filled(values: npt.NDArray[np.float64], scale: ValueScale) -> npt.NDArray[np.float64]:
    if np.isfinite(values).all():
        return values
    return np.nan_to_num(values, nan=scale.black, neginf=scale.black, posinf=scale.white)


_MOST_HIGH = 63
"""The upper byte of the largest value of 14 bits."""

_OTHER_HALF = {
    "B": "L",
    "L": "B",
    "N": "B" if sys.byteorder == "little" else "L",
}


class DeepColour(NamedTuple):
    """The lower bytes of a colour picture of 16 bits, and how its values are scaled."""

    lower: Image.Image
    white: float
    white_alpha: float


def lower_bytes(image: Image.Image, stored: str, content: bytes) -> DeepColour | None:
    """Return what Pillow leaves out of a colour picture of 16 bits; none where nothing is missed.

    Pillow keeps the upper byte of each value, of which little is left where these hold 14 bits or
    fewer. `stored` is `rawmode` before `image` was loaded.
    """
    kind, _, order = stored.partition(";16")
    if kind not in ("RGB", "RGBX", "RGBA") or order not in _OTHER_HALF:
        return None
    upper = _most(image)
    if max(upper[:3]) > _MOST_HIGH:
        return None
    lower = Image.open(io.BytesIO(content), formats=(image.format or "",))
    _store_as(lower, f"{kind};16{_OTHER_HALF[order]}")
    lower.load()
    tops = [_top(image, lower, band) for band in range(len(upper))]
    alpha = _step(tops[3]) if len(tops) > 3 else 65535.0
    return DeepColour(lower, _step(max(tops[:3])), alpha)


def _most(image: Image.Image) -> list[int]:
    return [int(most) for _, most in image.getextrema()]  # type: ignore[misc]


def _top(upper: Image.Image, lower: Image.Image, band: int) -> float:
    pairs = zip(strips(upper, 1, SHORT), strips(lower, 1, SHORT), strict=True)
    channels = ((one.getchannel(band), other.getchannel(band)) for (_, one), (_, other) in pairs)
    return float(max(_joined(one, other).max() for one, other in channels))


def _joined(upper: Image.Image, lower: Image.Image) -> npt.NDArray[np.uint16]:
    return np.asarray(upper, np.uint16) * np.uint16(256) + np.asarray(lower, np.uint16)


def _store_as(image: Image.Image, mode: str) -> None:
    first = image.tile[0]  # type: ignore[attr-defined]
    arguments = (mode, *first.args[1:]) if isinstance(first.args, tuple) else mode
    image.tile = [first._replace(args=arguments)]  # type: ignore[attr-defined]


def coloured(colour: DeepColour, top: int, strip: Image.Image) -> Image.Image:
    """Return a strip of upper bytes, joined with the lower ones and scaled to 8 bits."""
    lower = colour.lower.crop((0, top, strip.width, top + strip.height))
    whites = [*[colour.white] * 3, colour.white_alpha]
    pairs = zip(strip.split(), lower.split(), whites, strict=False)
    bands = [Image.fromarray(_levels(white)[_joined(one, other)]) for one, other, white in pairs]
    return Image.merge(strip.mode, bands)


@cache
def _levels(white: float) -> npt.NDArray[np.uint8]:
    """Return the level, in 0 to 255, of each value of 16 bits."""
    return np.rint(np.clip(np.arange(65536) / white, 0, 1) * 255).astype(np.uint8)
