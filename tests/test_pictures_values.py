"""Pixels that mean what they say: more than 8 bits, colour profiles, other colour spaces."""

import io
import struct
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from canting.imaging import pictures
from canting.imaging.pictures import PictureError, Pixels
from tests.picture_files import encoded

RAMP = np.linspace(0, 1, 48 * 32).reshape(32, 48)
GREY = np.rint(RAMP * 255).astype(np.uint8)
COLOUR = np.dstack([GREY, GREY[::-1], np.full_like(GREY, 90)])
SIZE = (32, 48)


def seen(content: bytes) -> Pixels:
    return pictures.pixels(content, SIZE)


def apart(one: Pixels, other: Any) -> int:
    return int(np.abs(one.astype(int) - other).max())


def tiff(values: Any) -> bytes:
    return encoded(Image.fromarray(values), "TIFF")


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_of_some_bits_in_sixteen(bits: int, kind: str) -> None:
    values = np.rint(RAMP * (2**bits - 1)).astype(np.uint16)
    assert apart(seen(encoded(Image.fromarray(values), kind))[..., 0], GREY) <= 1


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("ending", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [3, 4])
def test_colour_of_some_bits_in_sixteen(bits: int, ending: str, channels: int) -> None:
    alpha = np.full((*SIZE, 1), 255, np.uint8)
    shares = np.dstack([COLOUR[..., ::-1], alpha])[..., :channels] / 255
    values = np.rint(shares * (2**bits - 1)).astype(np.uint16)
    content = cv2.imencode(ending, values)[1].tobytes()
    assert apart(seen(content), COLOUR) <= 1


@pytest.mark.parametrize("white", [1, 255, 4095, 65535])
def test_floats_are_shares_levels_or_whole_numbers(white: int) -> None:
    values = RAMP * white if white <= 255 else np.rint(RAMP * white)
    assert apart(seen(tiff(values.astype(np.float32)))[..., 0], GREY) <= 1


@pytest.mark.parametrize(
    "values",
    [
        (273.15 + 40 * RAMP).astype(np.float32),
        (40 * RAMP - 10).astype(np.float32),
        (100_000 * RAMP - 20_000).astype(np.int32),
    ],
)
def test_what_was_measured_goes_from_its_least_to_its_greatest_value(values: Any) -> None:
    assert apart(seen(tiff(values))[..., 0], GREY) <= 1


def test_what_is_no_finite_number_is_black_or_white() -> None:
    values = RAMP.astype(np.float32)
    values[0, 0], values[0, 1], values[0, 2] = np.nan, -np.inf, np.inf
    found = seen(tiff(values))[..., 0]
    assert found[0, :3].tolist() == [0, 0, 255]
    assert apart(found.ravel()[3:], GREY.ravel()[3:]) <= 1
    for nothing in (np.nan, np.inf):
        with pytest.raises(PictureError, match="no value is a finite number") as caught:
            pictures.decode(tiff(np.full(SIZE, nothing, np.float32)))
        assert caught.value.code == "corrupt_image"


@pytest.mark.parametrize("value", [0.0, 7.5, 300.5, -3.0])
def test_a_constant_picture_is_one_grey(value: float) -> None:
    found = seen(tiff(np.full(SIZE, value, np.float32)))
    assert np.unique(found).size == 1


def test_a_negative_whose_zero_is_white() -> None:
    values = np.rint((1 - RAMP) * 65535).astype(np.uint16)
    content = encoded(Image.fromarray(values), "TIFF", tiffinfo={262: 0})
    with Image.open(io.BytesIO(content)) as image:
        assert image.tag_v2[262] == 0  # type: ignore[attr-defined]
    assert apart(seen(content)[..., 0], GREY) <= 1


def test_lab_and_ycbcr_tiff() -> None:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(Image.fromarray(COLOUR), *profiles, outputMode="LAB")
    assert lab is not None
    assert np.abs(seen(encoded(lab, "TIFF")).astype(int) - COLOUR).mean() < 3
    ycbcr = Image.fromarray(COLOUR).convert("YCbCr")
    assert apart(seen(encoded(ycbcr, "TIFF")), COLOUR) <= 3


def without_adobe(content: bytes) -> bytes:
    """Return a JPEG without Adobe's segment, which says that its CMYK is inverted."""
    start = content.index(b"\xff\xee")
    return content[:start] + content[start + 2 + int.from_bytes(content[start + 2 : start + 4]) :]


def test_cmyk_with_and_without_the_inversion_of_adobe() -> None:
    cmyk = Image.fromarray(COLOUR).convert("CMYK")
    adobe = encoded(cmyk, "JPEG", quality=98)
    inverted = Image.fromarray(255 - np.asarray(cmyk), "CMYK")
    other = without_adobe(encoded(inverted, "JPEG", quality=98))
    for content in (adobe, other):
        assert np.abs(seen(content).astype(int) - COLOUR).mean() < 3


def profile(red: Any, green: Any, blue: Any, gamma: float = 2.2) -> bytes:
    """Return a profile of three primaries (adapted to D50) and a gamma (ICC.1, 8.3)."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    xyz = [b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(x * 65536) for x in one))
           for one in (red, green, blue, (0.9642, 1, 0.8249))]  # fmt: skip
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"wide\0" + bytes(79)
    names = (b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt", b"rTRC", b"gTRC", b"bTRC", b"desc")
    return _icc(b"RGB ", dict(zip(names, (*xyz, curve, curve, curve, text), strict=True)))


def grey_profile(gamma: float) -> bytes:
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey\0" + bytes(79)
    return _icc(b"GRAY", {b"kTRC": curve, b"wtpt": white, b"desc": text})


def _icc(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    place, table, data = 128 + 4 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", place + len(data), len(content))
        data += padded
    size = struct.pack(">I", place + len(data))
    head = size + bytes(4) + b"\x02\x10\0\0mntr" + space + b"XYZ " + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


PRIMARIES = {
    "Display P3": ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)),
    "Adobe RGB": ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)),
    "sRGB": ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7142)),
}
"""XYZ of red, green and blue, adapted to D50."""
P3 = profile(*PRIMARIES["Display P3"])


def in_srgb(stored: Any, name: str) -> Any:
    """Return what a colour is in sRGB (IEC 61966-2-1), computed from the primaries."""
    xyz = np.transpose(PRIMARIES[name]) @ (np.array(stored) / 255) ** 2.2
    linear = np.clip(np.linalg.inv(np.transpose(PRIMARIES["sRGB"])) @ xyz, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * curved)


@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB"])
@pytest.mark.parametrize(
    "stored", [(200, 100, 100), (100, 180, 100), (150, 150, 60), (90, 20, 140), (255, 255, 255)]
)
def test_a_wide_gamut_becomes_srgb(name: str, stored: Any) -> None:
    for kind, options in (("PNG", {}), ("JPEG", {"quality": 100}), ("TIFF", {}), ("AVIF", {})):
        image = Image.new("RGB", (64, 64), stored)
        content = encoded(image, kind, icc_profile=profile(*PRIMARIES[name]), **options)
        found = pictures.pixels(content, (64, 64))[32, 32]
        assert apart(found, in_srgb(stored, name)) <= (2 if kind in ("PNG", "TIFF") else 5), kind
    assert stored == (255, 255, 255) or apart(np.array(stored), in_srgb(stored, name)) > 5


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_grey_with_a_profile(mode: str) -> None:
    image = Image.new("L", (48, 32), 128)
    image = Image.fromarray(np.asarray(image, np.uint16) * 257) if mode == "I;16" else image
    image = image if mode == "I;16" else image.convert(mode)
    found = seen(encoded(image, icc_profile=grey_profile(1.0)))
    assert apart(found[16, 24], 188) <= 1


def test_a_large_picture_with_a_profile_and_alpha() -> None:
    image = Image.new("RGBA", (2100, 2100), (200, 100, 100, 255))
    found = pictures.pixels(encoded(image, icc_profile=P3, compress_level=1), (32, 32))
    assert apart(found[16, 16], in_srgb((200, 100, 100), "Display P3")) <= 2


@pytest.mark.parametrize(
    "icc",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        b"\0" * 200,
        P3[:150],
        P3[:16] + b"GRAY" + P3[20:],
        P3[:16] + b"CMYK" + P3[20:],
        P3[:140] + b"\xff" * 60 + P3[200:],
    ],
    ids=["srgb", "zeros", "cut", "of grey", "of print", "broken"],
)
def test_srgb_and_a_broken_profile_change_no_pixel(icc: bytes) -> None:
    for kind in ("PNG", "JPEG"):
        plain = encoded(Image.fromarray(COLOUR), kind)
        assert np.array_equal(
            seen(encoded(Image.fromarray(COLOUR), kind, icc_profile=icc)), seen(plain)
        )


def test_srgb_by_another_name_changes_no_pixel() -> None:
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = made.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    assert other.replace(b"sRGB", b"mine") != made
    content = encoded(Image.fromarray(COLOUR), icc_profile=other.replace(b"sRGB", b"mine"))
    assert np.array_equal(seen(content), COLOUR)


def test_a_palette_with_shades_of_transparency() -> None:
    image = Image.new("P", (48, 32), 1)
    image.putpalette([0, 0, 0, 0, 0, 200])
    content = encoded(image, transparency=bytes([255, 127]))
    assert apart(seen(content)[16, 24], (128, 128, 228)) <= 1
