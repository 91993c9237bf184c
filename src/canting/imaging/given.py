"""Pictures as a program has them: a path, bytes, Pillow's image, or an array."""

from os import PathLike
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from canting.core.errors import CantingError
from canting.imaging import pictures
from canting.imaging.colours import rgb
from canting.imaging.errors import PictureError, check_pixels, corrupt
from canting.imaging.pictures import Picture, Pixels

Given = str | PathLike[str] | bytes | Image.Image | Pixels
"""A file's path or its bytes, Pillow's image of any mode, or `(h, w, 3) uint8`, RGB."""


def picture(given: Given) -> Picture:
    """Return what is given as an upright RGB picture; it is left as it was.

    Raises `PictureError` for what is no picture, and `CantingError` for a file that cannot be read.
    """
    if isinstance(given, bytes):
        return pictures.decode(given)
    if isinstance(given, str | PathLike):
        return _of_file(Path(given))
    if isinstance(given, Image.Image):
        return _of_image(given)
    if _is_rgb(given):
        return _of_image(Image.fromarray(given))
    raise PictureError(
        "unsupported_format",
        "expected a path, the bytes of a picture, Pillow's image, or an array `(h, w, 3) uint8`. "
        f"Received: {_described(given)}.",
    )


def _of_file(path: Path) -> Picture:
    try:
        return pictures.decode(path)
    except PictureError as error:
        raise PictureError(error.code, f"`{path}`: {error}") from None
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        raise CantingError(f"`{path!s}`: expected a picture. Received: {reason}.") from None


def _of_image(image: Image.Image) -> Picture:
    check_pixels(*image.size)
    if not min(image.size):
        raise PictureError("too_small", f"expected a picture. Received: one of {image.size} pixels")
    animated = bool(getattr(image, "is_animated", False))
    try:
        image.load()
        turned = pictures.orientation(image) != 1
        upright = ImageOps.exif_transpose(image) if turned else image.copy()
        found = rgb(upright, "", b"")
    except Exception as error:  # a lazy image reads its file only now
        raise corrupt(error) from None
    return Picture(found, upright.size, image.mode, image.format or "", animated)


def _is_rgb(given: object) -> bool:
    if not isinstance(given, np.ndarray):
        return False
    return given.dtype == np.uint8 and given.ndim == 3 and given.shape[2] == 3 and given.size > 0


def _described(given: object) -> str:
    if isinstance(given, np.ndarray):
        return f"an array {given.shape} {given.dtype}"
    return f"a value of the type `{type(given).__name__}`"
