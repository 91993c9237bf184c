"""Decode pictures: from bytes to an upright RGB image, in the pipeline and in the service.

A large picture is decoded smaller, so that it takes little memory whatever its kind: JPEG by its
DCT scaling, the others strip by strip.
"""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from canting.config import formats
from canting.core.errors import CantingError
from canting.imaging.heif import is_heif

Pixels = npt.NDArray[np.uint8]
"""`(height, width, 3) uint8`, RGB."""

MAX_PIXELS = 100_000_000
"""Largest width × height that is decoded, read from the header before any memory is taken."""

LEAST = 1024
"""Pixels of the shorter side below which no picture is decoded smaller than it is."""

SCANS = 40
"""Scans of a JPEG: a progressive one has about ten, and each is work over the whole picture."""

SEGMENTS = 5_000
"""Segments of a JPEG, metadata included."""

Code = Literal[
    "empty_file",
    "unsupported_format",
    "unsupported_heif",
    "corrupt_image",
    "too_many_pixels",
    "too_small",
    "extreme_aspect",
]


class PictureError(CantingError):
    """Bytes that are no picture; `code` says in which way."""

    def __init__(self, code: Code, message: str) -> None:
        """Keep the code for programs beside the message for people."""
        super().__init__(message)
        self.code = code


class Header(NamedTuple):
    """What is known of a picture before its pixels are decoded.

    `image` is Pillow's, lazy; `size` is (width, height) and `mode` Pillow's, both as stored;
    `bytes` estimates the memory that decoding takes.
    """

    image: Image.Image
    size: tuple[int, int]
    mode: str
    animated: bool
    bytes: int


class Picture(NamedTuple):
    """An upright RGB picture, smaller than `size` (width, height) where that is large."""

    image: Image.Image
    size: tuple[int, int]
    mode: str
    format: str
    animated: bool


def decode(source: Path | bytes) -> Picture:
    """Return a picture as a person sees it: EXIF orientation applied, 8-bit RGB.

    Its format is recognised by content; of an animation the first frame is taken. 16-bit grey is
    scaled, alpha and transparent palette entries are laid over white. Raises `PictureError`.
    """
    return load(header(source))


def header(source: Path | bytes, accepted: tuple[str, ...] = (), most: int = sys.maxsize) -> Header:
    """Read what stands before the pixels; raise `PictureError`.

    `accepted` are Pillow's names of formats; without, those that the pipeline decodes. `most` are
    the bytes that decoding may take.
    """
    content = source if isinstance(source, bytes) else source.read_bytes()
    names = accepted or formats.decoded()
    if not content:
        raise PictureError("empty_file", "expected a picture, received an empty file")
    if (taken := formats.taken_to_open(content)) > most:
        raise _too_many_pixels(f"a picture that takes {taken:,} bytes")
    try:
        image = Image.open(io.BytesIO(content), formats=names)
    except UnidentifiedImageError:
        raise _unsupported(content, names) from None
    except Image.DecompressionBombError:
        raise _too_many_pixels("over 179 million pixels") from None
    except MemoryError:
        raise _too_many_pixels("more than the memory holds") from None
    except Exception as error:  # each decoder raises its own
        raise _corrupt(error) from None
    read = _read(image, content)
    if read.bytes > most:
        raise _too_many_pixels(f"{image.width} × {image.height}, which takes {read.bytes:,} bytes")
    return read


def load(read: Header) -> Picture:
    """Decode the pixels of a header; raise `PictureError`."""
    kind = read.image.format or ""
    try:
        read.image.load()
        turn = _TURNS[orientation(read.image)]
        image = _rgb(read.image)
        image = image if turn is None else image.transpose(turn)
    except MemoryError:
        raise _too_many_pixels("more than the memory holds") from None
    except Exception as error:
        raise _corrupt(error) from None
    size = read.size[::-1] if turn in _SIDEWAYS else read.size
    return Picture(image, size, read.mode, kind, read.animated)


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

_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
_OTHER_BYTES = 4
"""Bytes that Pillow holds for a pixel of a mode."""

_STRIP = 2**20
"""Pixels that are converted at once, about."""


def _read(image: Image.Image, content: bytes) -> Header:
    width, height = image.size
    mode = image.mode
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(f"{width} × {height}")
    animated = bool(getattr(image, "is_animated", False)) and image.format != "MPO"
    taken = _draft(image, content) if isinstance(image, JpegImagePlugin.JpegImageFile) else 0
    held = formats.held(image.format or "") or _BYTES.get(image.mode, _OTHER_BYTES)
    taken = taken or width * height * held
    return Header(image, (width, height), mode, animated, taken)


def _draft(image: JpegImagePlugin.JpegImageFile, content: bytes) -> int:
    """Let a JPEG be decoded smaller; return the bytes that it will take."""
    scans = _scans(content)
    held = 0
    if scans > 1:  # all coefficients are held, 2 bytes each
        most = max(across * down for _, across, down, _ in image.layer)
        shares = sum(across * down / most for _, across, down, _ in image.layer)
        held = round(2 * shares * image.width * image.height)
    image.draft(None, (LEAST, LEAST))
    return held + image.width * image.height * _BYTES.get(image.mode, _OTHER_BYTES)


def _scans(content: bytes) -> int:
    """Return how many scans the first picture of a JPEG has; raise `PictureError` for too many."""
    scans = segments = 0
    marker = _MARKER.search(content, 2)
    while marker and marker[1] != b"\xd9":  # end of image
        segments += 1
        scans += marker[1] == b"\xda"
        if scans > SCANS or segments > SEGMENTS:
            raise _corrupt(f"over {SCANS} scans or {SEGMENTS:,} segments")
        length = int.from_bytes(content[marker.end() : marker.end() + 2])
        marker = _MARKER.search(content, marker.end() + length)
    return scans


_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")
"""What begins a segment of a JPEG, and is no part of a scan's data (ITU T.81, B.1.1.3)."""


def _rgb(image: Image.Image) -> Image.Image:
    """Return 8-bit RGB, a whole number of times smaller where the picture is large."""
    factor = max(1, min(image.size) // LEAST)
    if factor == 1 and image.mode == "RGB" and "transparency" not in image.info:
        return image
    full = _white(image)
    small = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top, strip in _strips(image, factor):
        part = _flat(strip, full)
        small.paste(part.reduce(factor) if factor > 1 else part, (0, top // factor))
    return small


def _strips(image: Image.Image, factor: int) -> Iterator[tuple[int, Image.Image]]:
    """Yield strips with their first rows, all of them multiples of `factor`."""
    rows = factor * max(1, _STRIP // (image.width * factor))
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _flat(image: Image.Image, full: float) -> Image.Image:
    if image.mode in _DEEP:
        image = Image.fromarray(_eight_bits(np.asarray(image), full))
    elif image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


_DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")


def _white(image: Image.Image) -> float:
    """Return the value that means white in a picture of more than 8 bits."""
    if image.mode not in _DEEP:
        return 255.0
    values = [np.asarray(strip).max(initial=0) for _, strip in _strips(image, 1)]
    most = max(values)
    if image.mode.startswith("I;16"):
        return 65535.0
    if image.mode == "F" and most <= 1:
        return 1.0
    return 255.0 if most <= 255 else 65535.0


def _eight_bits(values: npt.NDArray[np.generic], full: float) -> npt.NDArray[np.uint8]:
    scaled = np.clip(values.astype(np.float64) / full, 0, 1) * 255
    return np.rint(scaled).astype(np.uint8)


def _unsupported(content: bytes, names: tuple[str, ...]) -> PictureError:
    expected = f"expected one of {', '.join(names)}, received"
    if is_heif(content):
        return PictureError("unsupported_heif", f"{expected} a HEIC or AVIF picture")
    return PictureError("unsupported_format", f"{expected} bytes of none of them")


def _too_many_pixels(received: str) -> PictureError:
    return PictureError(
        "too_many_pixels", f"expected at most {MAX_PIXELS:,} pixels, received {received}"
    )


def _corrupt(problem: object) -> PictureError:
    message = f"expected a whole picture, received a damaged or truncated one ({problem})"
    return PictureError("corrupt_image", message)
