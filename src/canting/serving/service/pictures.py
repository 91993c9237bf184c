"""Check and decode an uploaded picture, from its header before memory is allocated."""

import io
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from canting.config import formats
from canting.imaging.pictures import PictureError, decode, upright
from canting.serving.service.errors import Refusal
from canting.serving.service.settings import Settings

STATUS = {
    "empty_file": 400,
    "too_many_pixels": 413,
    "unsupported_format": 415,
    "corrupt_image": 422,
}
MESSAGE = {
    "empty_file": "The file is empty.",
    "too_many_pixels": "The picture has too many pixels.",
    "corrupt_image": "The picture is damaged or cut off.",
}


class Picture(NamedTuple):
    """An upright RGB picture and what is to be said about it."""

    image: Image.Image
    warnings: tuple[str, ...]


def opened(content: bytes, settings: Settings) -> Picture:
    """Return the first frame as a person sees it; raise `Refusal`."""
    try:
        warnings = _checked(content, settings)
        return Picture(upright(decode(content)), warnings)
    except PictureError as error:
        raise _refusal(error.code) from None


def _checked(content: bytes, settings: Settings) -> tuple[str, ...]:
    if not content:
        raise _refusal("empty_file")
    try:
        with Image.open(io.BytesIO(content), formats=_taken()) as image:
            _check_size(image.size, settings)
            return ("animated",) if getattr(image, "is_animated", False) else ()
    except UnidentifiedImageError:
        raise _refusal("unsupported_format") from None
    except Image.DecompressionBombError:
        raise _refusal("too_many_pixels") from None
    except (OSError, SyntaxError, ValueError, TypeError, IndexError, MemoryError):
        raise _refusal("corrupt_image") from None


def _check_size(size: tuple[int, int], settings: Settings) -> None:
    if size[0] * size[1] > settings.max_pixels:
        raise _refusal("too_many_pixels")
    if min(size) < settings.min_side:
        message = f"Send a picture of at least {settings.min_side} pixels on each side."
        raise Refusal(422, "too_small", message)
    if max(size) > settings.max_aspect * min(size):
        message = f"One side is over {settings.max_aspect:g} times the other. Crop the picture."
        raise Refusal(422, "extreme_aspect", message)


def _taken() -> tuple[str, ...]:
    return tuple(one.pillow for one in formats.uploaded())


def _refusal(code: str) -> Refusal:
    if code == "unsupported_format":
        return Refusal(STATUS[code], code, f"Send a picture as {', '.join(_taken())}.")
    return Refusal(STATUS[code], code, MESSAGE[code])
