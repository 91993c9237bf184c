"""A HEIC as phones write it: one picture in a grid of tiles (ISO/IEC 23008-12, 6.6.2.3)."""

import struct
from collections.abc import Iterator

from PIL import Image

from tests.picture_files import encoded

SIDE = 512
"""Pixels of a tile, as on an iPhone."""


def tiled(image: Image.Image, size: tuple[int, int], quarters: int = 0) -> bytes:
    """Return a picture of (width, height) whose tiles are all `image`, turned left by quarters."""
    tile = encoded(image.resize((SIDE, SIDE)), "HEIF", enc_params={"preset": "ultrafast"})
    across, down = -(-size[0] // SIDE), -(-size[1] // SIDE)
    coding, data = _coding(tile), _data(tile)
    grid = struct.pack(">BBBBHH", 0, 0, down - 1, across - 1, *size)
    kind = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    for offset in (0, 0):  # once for its length, once for the places in it
        length = len(_meta(coding, size, across * down, quarters, offset, len(grid), len(data)))
        offset = len(kind) + length + 8
    meta = _meta(coding, size, across * down, quarters, offset, len(grid), len(data))
    return kind + meta + _box(b"mdat", grid + data)


def _meta(
    coding: bytes,
    size: tuple[int, int],
    count: int,
    quarters: int,
    offset: int,
    grid: int,
    data: int,
) -> bytes:
    tiles = range(2, count + 2)
    infos = [_info(1, b"grid", 0), *(_info(tile, b"hvc1", 1) for tile in tiles)]
    places = struct.pack(">HHHII", 1, 0, 1, offset, grid)
    places += b"".join(struct.pack(">HHHII", one, 0, 1, offset + grid, data) for one in tiles)
    targets = struct.pack(f">HH{count}H", 1, count, *tiles)
    sides = [_full(b"ispe", struct.pack(">II", *one)) for one in ((SIDE, SIDE), size)]
    properties = _box(b"ipco", coding + b"".join(sides) + _box(b"irot", bytes([quarters])))
    owners = struct.pack(">IHBBB", count + 1, 1, 2, 3, 0x84)
    owners += b"".join(struct.pack(">HBBB", one, 2, 0x81, 2) for one in tiles)
    return _full(
        b"meta",
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + _full(b"pitm", struct.pack(">H", 1))
        + _full(b"iinf", struct.pack(">H", count + 1) + b"".join(infos))
        + _full(b"iref", _box(b"dimg", targets))
        + _box(b"iprp", properties + _full(b"ipma", owners))
        + _full(b"iloc", struct.pack(">BBH", 0x44, 0, count + 1) + places),
    )


def _info(item: int, kind: bytes, hidden: int) -> bytes:
    return _box(b"infe", struct.pack(">BBBBHH", 2, 0, 0, hidden, item, 0) + kind + b"\0")


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def _full(name: bytes, content: bytes) -> bytes:
    return _box(name, bytes(4) + content)


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + 8 <= len(content):
        length = int.from_bytes(content[place : place + 4])
        yield content[place + 4 : place + 8], content[place : place + length]
        place += length


def _coding(tile: bytes) -> bytes:
    meta = dict(_boxes(tile))[b"meta"]
    properties = dict(_boxes(dict(_boxes(meta[12:]))[b"iprp"][8:]))[b"ipco"]
    return dict(_boxes(properties[8:]))[b"hvcC"]


def _data(tile: bytes) -> bytes:
    """Return the coded picture: all of the media data, of which there is one item."""
    return dict(_boxes(tile))[b"mdat"][8:]
