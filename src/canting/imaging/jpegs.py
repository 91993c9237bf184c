"""What a JPEG says of itself before it is decoded, and whether one without an end is whole."""

import hashlib
import io
import re
from typing import NamedTuple

from PIL import Image, JpegImagePlugin

from canting.imaging.errors import corrupt

LEAST = 1024
"""Pixels of the shorter side below which no picture is decoded smaller than it is."""

SCANS = 40
"""Scans of a JPEG: a progressive one has about ten, and each is work over the whole picture."""

SEGMENTS = 5_000
"""Segments of a JPEG, metadata included."""

END = b"\xff\xd9"
"""The marker with which a JPEG ends."""

_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")
"""What begins a segment of a JPEG, and is no part of a scan's data (ITU T.81, B.1.1.3)."""

_FILLINGS = (b"\x00" * 64, b"\xff\x00" * 64, b"\x5a" * 64)
"""What may follow a scan that is whole and changes nothing; of one that is not, it is pixels."""


class Scans(NamedTuple):
    """The scans of the first picture of a file: how many, whether they are all and have an end."""

    number: int
    has_end: bool
    are_all: bool


def scans(content: bytes) -> Scans:
    """Read all segments; raise `PictureError` for too many."""
    count = segments = 0
    depths: dict[int, int] = {}
    marker = _MARKER.search(content, 2)
    while marker and marker[1] != END[1:]:
        segments += 1
        count += marker[1] == b"\xda"
        if count > SCANS or segments > SEGMENTS:
            raise corrupt(f"over {SCANS} scans or {SEGMENTS:,} segments")
        length = int.from_bytes(content[marker.end() : marker.end() + 2])
        if marker[1] == b"\xda":
            _deepen(depths, content[marker.end() + 2 : marker.end() + length])
        marker = _MARKER.search(content, marker.end() + length)
    return Scans(count, marker is not None, bool(depths) and not any(depths.values()))


_ALL = (1 << 64) - 1


def _deepen(depths: dict[int, int], head: bytes) -> None:
    """Strike out the coefficients of which a scan brings the last bit (ITU T.81, B.2.3).

    `depths` has, for each component, a bit for each of the 64 that are still to come.
    """
    count = head[0] if head else 0
    if len(head) < 2 * count + 4:
        return
    first, last, approximation = head[2 * count + 1 : 2 * count + 4]
    brought = ((1 << (last + 1)) - 1) & ~((1 << first) - 1)
    for place in range(count):
        component = head[1 + 2 * place]
        left = depths.setdefault(component, _ALL)
        depths[component] = left & ~brought if not approximation & 0xF else left


def draft(image: JpegImagePlugin.JpegImageFile, found: Scans) -> int:
    """Let a JPEG be decoded smaller; return the bytes that are held beside its pixels."""
    held = 0
    if found.number > 1:  # all coefficients are held, 2 bytes each
        most = max(across * down for _, across, down, _ in image.layer)
        shares = sum(across * down / most for _, across, down, _ in image.layer)
        held = round(2 * shares * image.width * image.height)
    image.draft(None, (LEAST, LEAST))
    return held


def ended(content: bytes, found: Scans) -> Image.Image | None:
    """Return a JPEG that lacks nothing but its end marker; none where pixels are missing.

    It is whole where what follows its last byte changes no pixel.
    """
    if not found.are_all:
        return None
    body = content.rstrip(b"\xff")  # the half of a marker
    digests = {_digest(_opened(body + filling + END)) for filling in _FILLINGS}
    whole = _opened(body + END)
    return whole if digests == {_digest(whole)} else None


def _opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content), formats=("JPEG",))
    image.draft(None, (LEAST, LEAST))
    image.load()
    return image


def _digest(image: Image.Image) -> bytes:
    found = hashlib.sha256()
    rows = max(1, 2**20 // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        found.update(image.crop(box).tobytes())
    return found.digest()
