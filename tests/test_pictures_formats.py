"""What is peculiar to a format: frames, turns, and a JPEG without its end."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from canting.imaging import pictures, sides
from canting.imaging.pictures import PictureError
from tests.heic_grid import SIDE, tiled
from tests.picture_files import encoded

QUADRANTS = np.array([[(220, 30, 30), (30, 200, 30)], [(30, 30, 220), (200, 200, 30)]], np.uint8)
UPRIGHT = QUADRANTS.repeat(48, 0).repeat(64, 1)
"""Red, green; blue, yellow: no turn and no mirror leaves it as it is."""

TURNS = range(1, 9)
INVERSE = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""Pillow's turn of what is stored, for what is upright by an EXIF orientation."""


def corners(image: Image.Image) -> list[Any]:
    array = np.asarray(image.resize((4, 4), Image.Resampling.BOX), int)
    return [array[0, 0], array[0, 3], array[3, 0], array[3, 3]]


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    return made


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_a_picture_is_turned_once(kind: str, orientation: int) -> None:
    image = Image.fromarray(UPRIGHT)
    if kind == "HEIF":  # becomes the properties `irot` and `imir`; EXIF says the same
        image.info["exif"] = exif(orientation).tobytes()
        content = encoded(image, kind)
        assert (b"irot" in content or b"imir" in content) == (orientation > 1)
    else:
        content = encoded(image, kind, exif=exif(orientation))
    picture = pictures.decode(content)
    turn = INVERSE[orientation]
    expected = Image.fromarray(UPRIGHT)
    expected = expected if turn is None else expected.transpose(Image.Transpose(turn))
    assert (picture.size, picture.image.size) == (expected.size, expected.size)
    for found, right in zip(corners(picture.image), corners(expected), strict=True):
        assert np.abs(found - right).max() < 25


def test_exif_alone_does_not_turn_a_heic() -> None:
    """Its properties decide (ISO/IEC 23008-12, A.2.1), as in what phones show."""
    content = encoded(Image.fromarray(UPRIGHT), "HEIF", exif=exif(6))
    assert b"irot" not in content
    assert pictures.decode(content).image.size == (128, 96)


@pytest.mark.parametrize("quarters", range(4))
def test_a_heic_in_tiles_is_joined_and_turned(quarters: int) -> None:
    tile = Image.fromarray(UPRIGHT).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    whole = Image.new("RGB", (1024, 700))
    for place in ((0, 0), (SIDE, 0), (0, SIDE), (SIDE, SIDE)):
        whole.paste(tile, place)
    expected = np.rot90(np.asarray(whole, int), quarters)
    picture = pictures.decode(tiled(tile, whole.size, quarters))
    assert picture.size == expected.shape[1::-1]
    assert not picture.animated
    assert np.abs(np.asarray(picture.image, int) - expected).mean() < 3


def test_jpeg_xl_is_upright_by_its_own_header_and_not_by_exif() -> None:
    image = Image.fromarray(UPRIGHT)
    for container in (False, True):
        content = encoded(image, "JXL", exif=exif(6).tobytes(), use_container=container)
        assert pictures.decode(content).image.size == image.size


@pytest.mark.parametrize("size", [(8, 8), (256, 8), (17, 300), (300, 300), (1300, 975), (513, 37)])
def test_the_size_of_a_jpeg_xl_is_read_before_it_is_opened(size: tuple[int, int]) -> None:
    for container in (False, True):
        content = encoded(Image.new("RGB", size), "JXL", effort=1, use_container=container)
        assert sides.told("JXL", content) == size


def test_a_jpeg_xl_that_is_too_large_is_not_opened() -> None:
    content = encoded(Image.new("RGB", (700, 500)), "JXL", effort=1)
    with pytest.raises(PictureError) as caught:
        pictures.header(content, most=10**6)
    assert caught.value.code == "too_many_pixels"
    huge = b"\xff\x0a" + (3 << 1 | (2**29) << 3 | 1 << 33).to_bytes(10, "little")
    with pytest.raises(PictureError) as caught:
        pictures.header(huge)
    assert caught.value.code == "too_many_pixels"


@pytest.mark.parametrize("kind", ["MPO", "TIFF", "HEIF"])
def test_of_several_pictures_the_first_is_taken_and_it_is_no_animation(kind: str) -> None:
    first, second = (Image.new("RGB", (64, 48), colour) for colour in ("red", "blue"))
    content = encoded(first, kind, save_all=True, append_images=[second])
    picture = pictures.decode(content)
    assert picture.format == {"MPO": "JPEG"}.get(kind, kind)
    assert not picture.animated
    assert np.asarray(picture.image)[24, 32].argmax() == 0


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_is_called_one(kind: str) -> None:
    first, second = (Image.new("RGB", (64, 48), colour) for colour in ("red", "blue"))
    picture = pictures.decode(encoded(first, kind, save_all=True, append_images=[second]))
    assert picture.animated
    assert np.asarray(picture.image)[24, 32].argmax() == 0


@pytest.mark.parametrize("kind", ["AVIF", "HEIF", "JXL"])
@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_grey_and_alpha_of_the_new_formats(kind: str, mode: str) -> None:
    image = Image.fromarray(UPRIGHT).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.new("L", image.size, 0))
    found = np.asarray(pictures.decode(encoded(image, kind)).image, int)
    expected = np.full_like(found, 255) if mode == "RGBA" else np.asarray(image.convert("RGB"))
    assert np.abs(found - expected).mean() < 4


PHOTO = Image.fromarray(
    np.random.default_rng(3).integers(0, 256, (30, 40, 3), dtype=np.uint8)
).resize((320, 240), Image.Resampling.BICUBIC)
KINDS: list[dict[str, Any]] = [
    {},
    {"progressive": True},
    {"restart_marker_blocks": 4},
    {"optimize": True, "subsampling": 0},
]


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_that_lacks_only_its_end_is_read_with_a_warning(mode: str, options: Any) -> None:
    whole = encoded(PHOTO.convert(mode), "JPEG", **options)
    expected = pictures.decode(whole)
    assert expected.warnings == ()
    for cut in (1, 2):
        picture = pictures.decode(whole[:-cut])
        assert picture.warnings == ("no_end",)
        assert np.array_equal(np.asarray(picture.image), np.asarray(expected.image))
        assert picture._replace(image=expected.image, warnings=()) == expected


@pytest.mark.parametrize("options", KINDS)
def test_a_jpeg_that_lacks_pixels_is_refused(options: Any) -> None:
    whole = encoded(PHOTO, "JPEG", **options)
    scans = [place for place in range(len(whole)) if whole[place : place + 2] == b"\xff\xda"]
    cuts = {len(whole) - 6, len(whole) - 12, len(whole) * 2 // 3, len(whole) // 3}
    for end in cuts | set(scans):  # a progressive one also between its scans
        with pytest.raises(PictureError) as caught:
            pictures.decode(whole[:end])
        assert caught.value.code == "corrupt_image"


def test_a_large_jpeg_without_its_end_is_decoded_smaller() -> None:
    content = encoded(PHOTO.resize((3200, 2400)), "JPEG")[:-2]
    picture = pictures.decode(content)
    assert (picture.size, picture.image.size) == ((3200, 2400), (1600, 1200))
