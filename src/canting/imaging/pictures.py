"""Decode pictures: from bytes to an upright RGB image, in the pipeline and in the service.

A large picture is decoded smaller, so that it takes little memory whatever its kind: JPEG by its
DCT scaling, the others strip by strip.
"""

import io
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, JpegImagePlugin

from canting.config import formats
from canting.config.formats import Format, recognised
from canting.imaging import jpegs, opening
from canting.imaging.colours import is_plain, rgb
from canting.imaging.errors import PictureError, check_pixels, corrupt, too_many_pixels
from canting.imaging.jpegs import Scans

__all__ = [
    "Header",
    "Picture",
    "PictureError",
    "Pixels",
    "decode",
    "header",
    "jpeg",
    "load",
    "orientation",
    "pixels",
    "resize",
]

Pixels = npt.NDArray[np.uint8]
"""`(height, width, 3) uint8`, RGB."""

Content = bytes
"""Of a file; `Header` has a number of this name."""

NO_END = "no_end"
"""Warning of a JPEG that lacks its end marker and nothing else."""


class Header(NamedTuple):
    """What is known of a picture before its pixels are decoded.

    `image` is Pillow's, lazy; `size` is (width, height) and `mode` Pillow's, both as stored;
    `bytes` estimates the memory that decoding takes. `scans` are those of a JPEG.
    """

    image: Image.Image
    size: tuple[int, int]
    mode: str
    animated: bool
    bytes: int
    content: Content
    kind: Format
    scans: Scans | None


class Picture(NamedTuple):
    """An upright RGB picture, smaller than `size` (width, height) where that is large.

    `warnings` are machine words: `no_end`.
    """

    image: Image.Image
    size: tuple[int, int]
    mode: str
    format: str
    animated: bool
    warnings: tuple[str, ...] = ()


def decode(source: Path | bytes) -> Picture:
    """Return a picture as a person sees it: upright, in 8-bit sRGB.

    Its format is recognised by content; of an animation the first frame is taken. Values of more
    bits are scaled by what they hold, colour profiles applied, alpha and transparent palette
    entries laid over white. Raises `PictureError`.
    """
    return load(header(source))


def header(source: Path | bytes, accepted: tuple[str, ...] = (), most: int = sys.maxsize) -> Header:
    """Read what stands before the pixels; raise `PictureError`.

    `accepted` are Pillow's names of formats; without, those that the pipeline decodes. `most` are
    the bytes that decoding may take.
    """
    content = source if isinstance(source, bytes) else source.read_bytes()
    if not content:
        raise PictureError("empty_file", "expected a picture, received an empty file")
    kind = _kind(content, accepted or formats.decoded())
    read = _read(opening.opened(content, kind, most), content, kind)
    if read.bytes > most:
        width, height = read.size
        raise too_many_pixels(f"{width} × {height}, which takes {read.bytes:,} bytes")
    return read


def _kind(content: bytes, names: tuple[str, ...]) -> Format:
    found = recognised(content)
    if found and found.pillow in names:
        return found
    expected = ", ".join(one.name for one in formats.FORMATS if one.pillow in names)
    received = "bytes of none of them"
    if found:
        received = f"a picture of the format {found.name}, which is not read: save it as JPEG"
    raise PictureError("unsupported_format", f"expected one of {expected}, received {received}")


def load(read: Header) -> Picture:
    """Decode the pixels of a header; raise `PictureError`."""
    try:
        stored = opening.rawmode(read.image)
        loaded = _loaded(read)
        turn = _TURNS[_orientation(read, loaded)]
        image = rgb(loaded, stored, read.content)
        image = image if turn is None else image.transpose(turn)
    except PictureError:
        raise
    except MemoryError:
        raise too_many_pixels("more than the memory holds") from None
    except Exception as error:
        raise corrupt(error) from None
    size = read.size[::-1] if turn in _SIDEWAYS else read.size
    lacks_end = read.scans is not None and not read.scans.has_end
    warnings = (NO_END,) if lacks_end else ()
    return Picture(image, size, read.mode, read.kind.pillow, read.animated, warnings)


def _loaded(read: Header) -> Image.Image:
    if read.kind.pillow == "AVIF":
        return opening.loaded_avif(read.image)
    if read.scans is None or read.scans.has_end:
        read.image.load()
        return read.image
    found = jpegs.ended(read.content, read.scans)
    if found is None:
        raise corrupt("its data end before its pixels")
    return found


def _orientation(read: Header, loaded: Image.Image) -> int:
    """Return the turn that is still to be done; JPEG XL's own decoder has turned the picture."""
    is_turned = read.kind.pillow == "JXL" and not getattr(read.image, "jpeg", False)
    return 1 if is_turned else orientation(loaded)


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none or its metadata are damaged."""
    try:  # for a PNG, its pixels are decoded: what is sought may stand behind them
        found = image.getexif().get(_ORIENTATION, 1)
        is_one = found in _TURNS
    except Exception:  # each kind of damage raises its own
        return 1
    return found if is_one else 1


def resize(image: Image.Image, size: tuple[int, int]) -> Pixels:
    """Return an RGB picture as `(height, width, 3) uint8`, stretched with antialiasing."""
    height, width = size
    if image.size == (width, height):
        return np.asarray(image)
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0))


def pixels(source: Path | bytes, size: tuple[int, int]) -> Pixels:
    """Decode, turn, convert and resize: the one way from a file to what a model sees."""
    return resize(decode(source).image, size)


def jpeg(image: Image.Image, side: int) -> bytes:
    """Return an RGB picture as JPEG without metadata, its longer side at most `side` pixels."""
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0).convert("RGB")
    small.info = {}
    content = io.BytesIO()
    small.save(content, "JPEG", quality=88)
    return content.getvalue()


_ORIENTATION = 0x0112
_TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Pillow's turn for each EXIF orientation (CIPA DC-008, 4.6.5)."""

_SIDEWAYS = tuple(_TURNS[found] for found in (5, 6, 7, 8))


def _read(image: Image.Image, content: bytes, kind: Format) -> Header:
    size, mode = image.size, image.mode
    check_pixels(*size)
    found, held = None, 0
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        found = jpegs.scans(content)
        held = jpegs.draft(image, found)
    try:
        taken = held + opening.taken(image, kind, content)
        animated = kind.animates and bool(getattr(image, "is_animated", False))
    except Exception as error:
        raise corrupt(error) from None
    if min(image.size) < 2 * jpegs.LEAST and not is_plain(image):
        taken += opening.OTHER_BYTES * image.width * image.height
    return Header(image, size, mode, animated, taken, content, kind, found)
