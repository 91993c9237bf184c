"""From a decoded picture of any mode to 8-bit RGB: as a person sees it."""

from typing import NamedTuple

from PIL import Image, ImageChops

from canting.imaging import profiles, values
from canting.imaging.jpegs import LEAST
from canting.imaging.profiles import Conversion
from canting.imaging.values import DEEP, DeepColour, ValueScale, strips


class _Meaning(NamedTuple):
    """What the values of a picture mean."""

    scale: ValueScale | None
    colour: DeepColour | None
    conversion: Conversion | None
    is_inverted: bool


def rgb(image: Image.Image, stored: str, content: bytes) -> Image.Image:
    """Return 8-bit RGB, a whole number of times smaller where the picture is large.

    `stored` is Pillow's name for how its values are stored in `content`.
    """
    factor = max(1, min(image.size) // LEAST)
    meaning = _Meaning(
        values.scale_of(image) if image.mode in DEEP else None,
        values.lower_bytes(image, stored, content),
        profiles.conversion(image),
        is_inverted=image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info,
    )
    if factor == 1 and is_plain(image) and meaning.colour is None:
        if meaning.conversion:
            meaning.conversion.apply(image)
        return image
    small = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    at_once = values.SHORT if meaning.colour else values.STRIP
    for top, strip in strips(image, factor, at_once):
        part = _flat(strip, top, meaning)
        small.paste(part.reduce(factor) if factor > 1 else part, (0, top // factor))
    return small


def is_plain(image: Image.Image) -> bool:
    """Return whether a picture is RGB and hides nothing."""
    return image.mode == "RGB" and "transparency" not in image.info


def _flat(image: Image.Image, top: int, meaning: _Meaning) -> Image.Image:
    """Return a strip in RGB: scaled, over white, in sRGB."""
    if meaning.scale:
        image = values.eight_bits(image, meaning.scale)
    elif meaning.colour:
        image = values.coloured(meaning.colour, top, image)
    if meaning.is_inverted:  # Pillow takes all for Adobe's, which are inverted and say so
        image = ImageChops.invert(image)
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if meaning.conversion is None:
        return image.convert("RGB")
    return meaning.conversion.applied(image.convert(meaning.conversion.mode))
