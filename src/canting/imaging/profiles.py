"""Colour profiles (ICC): what a picture's values mean, brought to sRGB.

Values of sRGB, of no profile and of a broken one stay as they are.
"""

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

_SPACES = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK"}
"""Mode of the pixels, by the colour space in the header of a profile (ICC.1, 7.2.6)."""

_SRGB = (b"sRGB", "sRGB".encode("utf-16-be"))
_LARGEST = 2**22
"""Bytes of a profile; those of printers have two million."""


class Conversion:
    """The way from the values of a profile to sRGB; `mode` is that of the values."""

    def __init__(self, mode: str, transform: "ImageCmsTransform") -> None:
        """Take what Pillow has made of the profile."""
        self.mode, self._transform = mode, transform

    def applied(self, image: Image.Image) -> Image.Image:
        """Return RGB of a picture of `mode`."""
        made = Image.new("RGB", image.size)
        self._transform.apply(image, made)
        return made

    def apply(self, image: Image.Image) -> None:
        """Convert RGB where it stands."""
        self._transform.apply_in_place(image)


def conversion(image: Image.Image) -> Conversion | None:
    """Return what a picture's profile asks for; none where nothing is to be done."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 128 < len(profile) <= _LARGEST:
        return None
    mode = _SPACES.get(profile[16:20])
    if mode is None or any(name in profile for name in _SRGB):
        return None
    if (mode == "CMYK") != (image.mode == "CMYK") or (mode == "L" and _has_colour(image)):
        return None
    transform = _transform(profile, mode)
    return Conversion(mode, transform) if transform else None


def _has_colour(image: Image.Image) -> bool:
    return image.mode not in ("L", "LA", "La", "1") and not image.mode.startswith(("I", "F"))


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> Any:
    """Return Pillow's transform; none for a broken profile, and for sRGB by another name."""
    from PIL import ImageCms  # not needed by most pictures

    try:
        made = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return None if _changes_nothing(made, mode) else made
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


_ROUNDING = 2
"""Levels of 255 by which two ways to write sRGB differ."""


def _changes_nothing(transform: Any, mode: str) -> bool:
    if mode == "CMYK":
        return False
    levels = range(0, 256, 51)
    colours = [(red, green, blue) for red in levels for green in levels for blue in levels]
    sample = Image.new("RGB", (len(colours), 1))
    sample.putdata(colours)
    sample = sample.convert(mode)
    made = Image.new("RGB", sample.size)
    transform.apply(sample, made)
    before, after = sample.convert("RGB").tobytes(), made.tobytes()
    return max(abs(one - other) for one, other in zip(before, after, strict=True)) <= _ROUNDING
