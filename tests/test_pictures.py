"""From bytes to an upright RGB array."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from canting.config.formats import decoded
from canting.imaging import pictures
from canting.imaging.jpegs import SEGMENTS
from canting.imaging.pictures import PictureError
from tests.picture_files import encoded

RAMP = np.linspace(0, 255, 60 * 40, dtype=np.uint8).reshape(60, 40)
COLOUR = np.dstack([RAMP, RAMP[::-1], np.full_like(RAMP, 128)])

NOISE = np.random.default_rng(0).integers(0, 255, (60, 40, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", decoded())
def test_every_format_is_decoded(kind: str) -> None:
    options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    array = pictures.pixels(encoded(Image.fromarray(COLOUR), kind, **options), (60, 40))
    assert array.shape == (60, 40, 3)
    assert array.dtype == np.uint8
    assert np.abs(array.astype(int) - COLOUR).mean() < 12


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    deep = Image.fromarray(RAMP.astype(np.uint16) * 257)
    assert deep.mode == "I;16"
    array = pictures.pixels(encoded(deep), (60, 40))
    assert np.array_equal(array[..., 0], RAMP)


def test_transparency_is_laid_over_white() -> None:
    clear = np.dstack([COLOUR, np.zeros_like(RAMP)])
    assert pictures.pixels(encoded(Image.fromarray(clear)), (60, 40)).min() == 255
    palette = Image.fromarray(COLOUR).quantize(8)
    assert pictures.pixels(encoded(palette, transparency=bytes(8)), (60, 40)).min() == 255


def test_cmyk_palette_grey_and_bits_come_out_as_seen() -> None:
    colour = Image.fromarray(COLOUR)
    cmyk = pictures.pixels(encoded(colour.convert("CMYK"), "TIFF"), (60, 40))
    assert np.abs(cmyk.astype(int) - COLOUR).mean() < 3
    grey = colour.convert("L")
    for image in (colour.quantize(256), grey, grey.convert("1"), grey.convert("LA")):
        expected = np.asarray(image.convert("RGB"), dtype=int)
        assert np.abs(pictures.pixels(encoded(image), (60, 40)) - expected).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    stored = Image.fromarray(COLOUR)
    exif = Image.Exif()
    exif[0x0112] = orientation
    array = pictures.decode(encoded(stored, exif=exif)).image
    inverse = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}[orientation]
    expected = stored if inverse is None else stored.transpose(Image.Transpose(inverse))
    assert np.array_equal(np.asarray(array), np.asarray(expected))


def test_only_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.fromarray(np.full((40, 60, 3), value, np.uint8)) for value in (10, 240)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert pictures.pixels(content, (40, 60)).max() < 20


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"<html>no picture</html>", "unsupported_format"),
        (b"%PDF-1.7 and more", "unsupported_format"),
        (encoded(Image.fromarray(NOISE), "JPEG2000"), "unsupported_format"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "corrupt_image"),
        (b"\0\0\0\x1cftypXXXX\0\0\0\0isomXXXXmsf1" + bytes(100), "corrupt_image"),
        (b"\0\0\0\x18ftypheic", "corrupt_image"),
        (b"\0\0\0\x18ftypisom\0\0\2\0mp42mp41heic", "unsupported_format"),
        (b"\xff\xff\xff\xffftypmp42" + b"x" * 300 + b"heic", "unsupported_format"),
        (b"\0\0\0\x18free" + b"ftypheic" * 3, "unsupported_format"),
        (encoded(Image.fromarray(NOISE), "JPEG")[:-300], "corrupt_image"),
        (encoded(Image.fromarray(NOISE))[:-300], "corrupt_image"),
        *((encoded(Image.fromarray(NOISE), kind)[:-300], "corrupt_image") for kind in decoded()),
    ],
)
def test_bytes_that_are_no_picture(content: bytes, code: str) -> None:
    with pytest.raises(PictureError, match=r"expected .*, received") as caught:
        pictures.decode(content)
    assert caught.value.code == code


@pytest.mark.parametrize("side", [11_000, 20_000, 60_000])
def test_a_bomb_is_refused_from_its_header(side: int) -> None:
    content = bytearray(encoded(Image.new("1", (1, 1))))
    content[16:24] = side.to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    with pytest.raises(PictureError) as caught:
        pictures.decode(bytes(content))
    assert caught.value.code == "too_many_pixels"


def test_a_file_and_its_bytes_give_the_same(tmp_path: Path) -> None:
    content = encoded(Image.fromarray(COLOUR), "JPEG")
    (tmp_path / "a.jpg").write_bytes(content)
    from_file = pictures.pixels(tmp_path / "a.jpg", (48, 64))
    assert np.array_equal(from_file, pictures.pixels(content, (48, 64)))


GREY = np.tile(np.linspace(0, 255, 3072, dtype=np.uint8), (2304, 1))
"""A large picture: twice and three times the least side."""


@pytest.mark.parametrize(
    ("image", "kind", "options"),
    [
        (Image.fromarray(GREY).convert("RGB"), "JPEG", {}),
        (Image.fromarray(GREY).convert("CMYK"), "JPEG", {}),
        (Image.fromarray(GREY), "JPEG", {"progressive": True}),
        (Image.fromarray(GREY).convert("RGBA"), "PNG", {}),
        (Image.fromarray(GREY).convert("P"), "PNG", {}),
        (Image.fromarray(GREY.astype(np.uint16) * 257), "PNG", {}),
        (Image.fromarray(GREY), "WEBP", {}),
        (Image.fromarray(GREY.astype(np.float32) / 255), "TIFF", {}),
        (Image.fromarray(GREY), "GIF", {}),
    ],
)
def test_a_large_picture_is_decoded_smaller(image: Image.Image, kind: str, options: Any) -> None:
    picture = pictures.decode(encoded(image, kind, **options))
    assert (picture.size, picture.image.size) == ((3072, 2304), (1536, 1152))
    small = pictures.resize(picture.image, (24, 32))
    expected = pictures.resize(Image.fromarray(GREY).convert("RGB"), (24, 32))
    assert np.abs(small.astype(int) - expected).max() <= 3


def test_a_picture_of_up_to_twice_the_least_side_keeps_its_pixels() -> None:
    image = Image.fromarray(GREY).crop((0, 0, 2100, 2047))
    for kind in ("PNG", "JPEG"):
        assert pictures.decode(encoded(image, kind)).image.size == (2100, 2047)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_picture_is_turned_and_its_size_is_that_of_the_whole(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = pictures.decode(encoded(Image.fromarray(GREY), "JPEG", exif=exif))
    turned = orientation == 6
    assert picture.size == ((2304, 3072) if turned else (3072, 2304))
    assert picture.image.size == ((1152, 1536) if turned else (1536, 1152))


def with_scans(content: bytes, count: int) -> bytes:
    """Return a progressive JPEG whose last scan is there `count` times more."""
    start = content.rindex(b"\xff\xda")
    scan = content[start:-2]
    return content[:-2] + scan * count + b"\xff\xd9"


def test_a_jpeg_of_many_scans_or_segments_is_refused_before_it_is_decoded() -> None:
    content = encoded(Image.fromarray(NOISE), "JPEG", progressive=True)
    assert pictures.header(with_scans(content, 20)).size == NOISE.shape[1::-1]
    comments = content[:2] + b"\xff\xfe\x00\x02" * SEGMENTS + content[2:]
    for bad in (with_scans(content, 50), with_scans(content, 10_000), comments):
        with pytest.raises(pictures.PictureError, match="scans or") as caught:
            pictures.header(bad)
        assert caught.value.code == "corrupt_image"


def test_the_scans_of_a_second_picture_behind_the_first_are_not_counted() -> None:
    first = encoded(Image.fromarray(NOISE), "JPEG")
    behind = encoded(Image.fromarray(NOISE), "JPEG", progressive=True) * 10
    assert pictures.header(first + behind).bytes == pictures.header(first).bytes


@pytest.mark.parametrize(
    "exif", [b"\x00" * 40, b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x02\x00\x00\x00\x02x\x00"]
)
def test_damaged_metadata_leave_the_picture(exif: bytes) -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        content = encoded(Image.fromarray(COLOUR), kind, exif=b"Exif\x00\x00" + exif)
        assert pictures.decode(content).image.size == (40, 60)
