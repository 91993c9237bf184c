"""Damaged pictures of every format, sent to a server that runs: no fault of ours."""

import random
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from canting.config.formats import uploaded
from canting.serving.service.decoding.decoders import STATUS
from tests.conftest import real, slow
from tests.service_fixtures import Server, saved, visited

AT_ONCE = 20
"""Pictures of one request."""


@pytest.fixture(scope="module")
def server(usual: Server) -> Iterator[Server]:
    with visited(usual) as one:
        yield one


def whole(kind: str) -> bytes:
    """Return a picture that carries all metadata its format has."""
    noise = np.random.default_rng(7).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((96, 72))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A] = 6, "maker", 72.0
    exif.get_ifd(0x8825)[2] = (7.0, 47.0, 44.0)
    exif.get_ifd(0x8769)[0xA431] = "serial"
    text = PngInfo()
    text.add_text("Raw profile type exif", "\nexif\n       4\n4d4d002a\n")
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>", zip=True)
    common = {"exif": exif, "xmp": b"<x:xmpmeta/>", "icc_profile": b"profile"}
    options: dict[str, dict[str, Any]] = {
        "JPEG": {**common, "progressive": True},
        "PNG": {**common, "pnginfo": text, "transparency": 0},
        "WEBP": common,
        "GIF": {"transparency": 0, "save_all": True, "append_images": [image.rotate(90)]},
        "TIFF": {**common, "compression": "tiff_lzw"},
        "AVIF": common,
        "HEIF": {"exif": exif, "xmp": b"<x:xmpmeta/>"},
        "JXL": {"exif": exif.tobytes(), "use_container": True},
    }
    mode = "P" if kind in ("PNG", "GIF") else "RGB"
    return saved(image.convert(mode), kind, **options.get(kind, {}))


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Return the content with a few bytes changed, a part repeated, moved or cut out."""
    changed = bytearray(content)
    head = min(len(changed), 600)  # metadata stand at the beginning
    for _ in range(draw.randint(1, 8)):
        place = draw.randrange(draw.choice((head, len(changed))))
        changed[place] = draw.choice((0, 255, draw.randrange(256)))
    first, last = sorted(draw.randrange(len(changed)) for _ in range(2))
    part = changed[first : min(last, first + 200)]
    match draw.randrange(8):
        case 0:
            del changed[first : first + len(part)]
        case 1:
            changed[first:first] = part * draw.randint(1, 5)
        case 2:
            del changed[max(first, 1) :]
        case 3:
            changed[last:last] = part
    return checked(bytes(changed)) if draw.random() < 0.5 else bytes(changed)


def checked(content: bytes) -> bytes:
    """Return a PNG with right checksums, so that its damage comes as far as the decoder."""
    place = 8 if content.startswith(b"\x89PNG") else len(content)
    whole = content[:place]
    while place < len(content):
        length = int.from_bytes(content[place : place + 4])
        data = content[place + 4 : place + 8 + length]
        whole += content[place : place + 4] + data + struct.pack(">I", zlib.crc32(data))
        place += length + 12
    return whole


@pytest.mark.parametrize("requests", [5, *slow(25)])
@pytest.mark.parametrize("kind", [one.pillow for one in uploaded()])
def test_damage_is_refused_and_no_fault_of_ours(server: Server, kind: str, requests: int) -> None:
    content, draw = whole(kind), random.Random(f"canting {kind}")
    assert server.post(content).status_code == 200
    found: Counter[str] = Counter()
    for _ in range(requests):
        response = server.post(*(mutated(content, draw) for _ in range(AT_ONCE)))
        assert response.status_code == 200, response.text
        errors = [one["error"] or {"code": "answered"} for one in response.json()["results"]]
        found.update(error["code"] for error in errors)
    assert set(found) <= {"answered", *STATUS}
    least = requests * AT_ONCE // 50
    assert found["answered"] > least // 4  # of JPEG XL nearly all damage is seen
    assert found["corrupt_image"] > least


def test_pictures_that_once_broke_a_library(server: Server) -> None:
    for path in sorted(real("cases/service/bad").iterdir()):
        assert server.post(path.read_bytes()).status_code in (200, 422), path.name
