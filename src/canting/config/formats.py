"""The picture formats, one row each: what is decoded, taken from folders, uploaded, offered."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A format: Pillow's name, the name for people, MIME types, file suffixes, who takes it.

    The service takes fewer than the pipeline: a stranger has fewer decoders to attack. `held` are
    the bytes that Pillow takes for a pixel; 0: those of the picture's mode.
    """

    pillow: str
    name: str
    types: tuple[str, ...]
    suffixes: tuple[str, ...]
    pipeline: bool = True
    service: bool = True
    held: int = 0


FORMATS = (
    Format("JPEG", "JPEG", ("image/jpeg",), (".jpg", ".jpeg")),
    Format("PNG", "PNG", ("image/png",), (".png",)),
    # Two canvases of the decoder, their copy, and the image, of 4 bytes each.
    Format("WEBP", "WebP", ("image/webp",), (".webp",), held=16),
    Format("BMP", "BMP", ("image/bmp",), (".bmp",), service=False),
    Format("GIF", "GIF", ("image/gif",), (".gif",)),
    Format("TIFF", "TIFF", ("image/tiff",), (".tif", ".tiff"), service=False),
)
"""In the order in which people are told of them."""


def decoded() -> tuple[str, ...]:
    """Return Pillow's names of the formats that the pipeline decodes."""
    return tuple(one.pillow for one in FORMATS if one.pipeline)


def suffixes() -> frozenset[str]:
    """Return the suffixes, in small letters, that make a file a picture for the pipeline."""
    return frozenset(_flat(one.suffixes for one in FORMATS if one.pipeline))


def held(name: str) -> int:
    """Return what `Format.held` is for Pillow's name of a format."""
    return next((one.held for one in FORMATS if one.pillow == name), 0)


def taken_to_open(content: bytes) -> int:
    """Return the bytes that a WebP will take, of which Pillow takes some to open it; 0 for others.

    Its sides stand in the first chunk (RFC 9649, 2.5 to 2.7).
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return 0
    first = _whole(content[21:25])
    sides = {
        b"VP8X": (_whole(content[24:27]) + 1, _whole(content[27:30]) + 1),
        b"VP8L": ((first & 0x3FFF) + 1, (first >> 14 & 0x3FFF) + 1),
        b"VP8 ": (_whole(content[26:28]) & 0x3FFF, _whole(content[28:30]) & 0x3FFF),
    }
    width, height = sides.get(content[12:16], (0, 0))
    return width * height * held("WEBP")


def _whole(content: bytes) -> int:
    return int.from_bytes(content, "little")


def uploaded() -> tuple[Format, ...]:
    """Return the formats that the service takes."""
    return tuple(one for one in FORMATS if one.service)


def accepted() -> str:
    """Return the MIME types of uploads as the attribute `accept` of a file input lists them."""
    return ",".join(_flat(one.types for one in uploaded()))


def offered(last: str = "or") -> str:
    """Return the names of the formats that the service takes, as a sentence lists them."""
    *most, end = (one.name for one in uploaded())
    return f"{', '.join(most)} {last} {end}" if most else end


def _flat(groups: Iterable[tuple[str, ...]]) -> list[str]:
    return [one for group in groups for one in group]
