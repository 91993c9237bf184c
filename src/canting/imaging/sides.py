"""Width and height of formats whose decoders take memory before they tell them."""

from typing import NamedTuple


class Sides(NamedTuple):
    """Width and height, in pixels."""

    width: int
    height: int


def told(pillow: str, content: bytes) -> Sides | None:
    """Return the sides of a picture of these formats, by Pillow's name; none for the others.

    Raises `ValueError` where they are not there.
    """
    reader = {"WEBP": _webp, "JXL": _jpeg_xl}.get(pillow)
    return reader(content) if reader else None


def _webp(content: bytes) -> Sides | None:
    """Read the first chunk (RFC 9649, 2.5 to 2.7)."""
    first = _whole(content[21:25])
    return {
        b"VP8X": Sides(_whole(content[24:27]) + 1, _whole(content[27:30]) + 1),
        b"VP8L": Sides((first & 0x3FFF) + 1, (first >> 14 & 0x3FFF) + 1),
        b"VP8 ": Sides(_whole(content[26:28]) & 0x3FFF, _whole(content[28:30]) & 0x3FFF),
    }.get(content[12:16])


def _whole(content: bytes) -> int:
    return int.from_bytes(content, "little")


_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_LENGTHS = (9, 13, 18, 30)


def _jpeg_xl(content: bytes) -> Sides:
    """Read the size header (ISO/IEC 18181-1, D.2) of the first codestream."""
    stream = content if content[:2] == b"\xff\x0a" else _codestream(content)
    if stream[:2] != b"\xff\x0a" or len(stream) < 12:
        raise ValueError("no codestream")
    bits = _Bits(_whole(stream[2:12]))
    is_small = bool(bits.take(1))
    height = _side(bits, is_small=is_small)
    ratio = bits.take(3)
    if not ratio:
        return Sides(_side(bits, is_small=is_small), height)
    across, down = _RATIOS[ratio - 1]
    return Sides(height * across // down, height)


def _side(bits: "_Bits", *, is_small: bool) -> int:
    return 8 * (bits.take(5) + 1) if is_small else bits.take(_LENGTHS[bits.take(2)]) + 1


def _codestream(content: bytes) -> bytes:
    """Return the start of what the boxes of a container hold (ISO/IEC 18181-2, 9)."""
    place = 0
    while place + 8 <= len(content):
        length, kind = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        head = 8
        if length == 1:
            length, head = int.from_bytes(content[place + 8 : place + 16]), 16
        if kind in (b"jxlc", b"jxlp"):
            start = place + head + (4 if kind == b"jxlp" else 0)
            return content[start : start + 12]
        if length < head:
            break
        place += length
    return b""


class _Bits:
    """A number that is read from its lowest bits on."""

    def __init__(self, number: int) -> None:
        self._left = number

    def take(self, count: int) -> int:
        found = self._left & ((1 << count) - 1)
        self._left >>= count
        return found
