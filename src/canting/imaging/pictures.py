"""Decode pictures: from bytes to an upright RGB array, in the pipeline and in the service."""

import io
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from canting.config import formats
from canting.core.errors import CantingError

Pixels = npt.NDArray[np.uint8]
"""`(height, width, 3) uint8`, RGB."""

MAX_PIXELS = 100_000_000
"""Largest width × height that is decoded, read from the header before any memory is taken."""

Code = Literal["empty_file", "unsupported_format", "corrupt_image", "too_many_pixels"]


class PictureError(CantingError):
    """Bytes that are no picture; `code` says in which way."""

    def __init__(self, code: Code, message: str) -> None:
        """Keep the code for programs beside the message for people."""
        super().__init__(message)
        self.code = code


def decode(source: Path | bytes) -> Image.Image:
    """Return the whole picture as stored: neither turned nor converted; raise `PictureError`.

    Its format is recognised by content; of an animation the first frame is taken.
    """
    content = source if isinstance(source, bytes) else source.read_bytes()
    if not content:
        raise PictureError("empty_file", "expected a picture, received an empty file")
    try:
        image = Image.open(io.BytesIO(content), formats=formats.decoded())
        _check_pixels(image)
        image.load()
    except UnidentifiedImageError:
        message = f"expected one of {', '.join(formats.decoded())}, received bytes of none of them"
        raise PictureError("unsupported_format", message) from None
    except Image.DecompressionBombError:
        raise _too_many_pixels("over 179 million pixels") from None
    except (OSError, SyntaxError, ValueError, TypeError, IndexError, MemoryError) as error:
        message = f"expected a whole picture, received a damaged or truncated one ({error})"
        raise PictureError("corrupt_image", message) from None
    return image


def upright(image: Image.Image) -> Image.Image:
    """Return the picture as a person sees it: EXIF orientation applied, 8-bit RGB.

    16-bit grey is scaled, alpha and transparent palette entries are laid over white.
    """
    turned = ImageOps.exif_transpose(image)
    if turned.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
        turned = Image.fromarray(_eight_bits(np.asarray(turned)))
    if turned.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in turned.info:
        turned = turned.convert("RGBA")
        white = Image.new("RGBA", turned.size, "white")
        turned = Image.alpha_composite(white, turned)
    return turned.convert("RGB")


def resize(image: Image.Image, size: tuple[int, int]) -> Pixels:
    """Return an RGB picture as `(height, width, 3) uint8`, stretched with antialiasing."""
    height, width = size
    if image.size == (width, height):
        return np.asarray(image)
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0))


def pixels(source: Path | bytes, size: tuple[int, int]) -> Pixels:
    """Decode, turn, convert and resize: the one way from a file to what a model sees."""
    return resize(upright(decode(source)), size)


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels(f"{image.width} × {image.height}")


def _too_many_pixels(received: str) -> PictureError:
    return PictureError(
        "too_many_pixels", f"expected at most {MAX_PIXELS:,} pixels, received {received}"
    )


def _eight_bits(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    full = 255.0 if values.max(initial=0) <= 255 else 65535.0
    if values.dtype.kind == "f" and values.max(initial=0) <= 1:
        full = 1.0
    if values.dtype.itemsize == 2:
        full = 65535.0
    scaled = np.clip(values.astype(np.float64) / full, 0, 1) * 255
    return np.rint(scaled).astype(np.uint8)
