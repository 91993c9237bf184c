"""Files told apart by content, and by name where content says nothing."""

import io
import subprocess
import sys

import pytest
from PIL import Image

from canting.config import formats
from canting.config.formats import recognised

HTML = b"<!doctype html><title>404</title>"


def saved(kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(content, kind, **options)
    return content.getvalue()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((kind, kind) for kind in ("JPEG", "PNG", "BMP", "GIF", "TIFF", "AVIF", "DDS", "ICO")),
        ("WEBP", "WebP"),
        ("MPO", "JPEG"),
        ("JPEG2000", "JPEG 2000"),
        ("PPM", "PNM"),
    ],
)
def test_content_decides_whatever_the_name(kind: str, name: str) -> None:
    start = saved(kind)[: formats.LEAST_START]
    for called in ("", "noext", "dot.jpg.", "space at end.jpg ", "a.png", "a.csv", "a.TGA"):
        found = recognised(start, called)
        assert found is not None
        assert found.name == name


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "HEIC"),
        (b"\0\0\0\x1cftypXXXX\0\0\0\0isomXXXXmsf1" + bytes(100), "HEIC"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf" + bytes(100), "AVIF"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "camera raw"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"II+\0\x08\0\0\0", "TIFF"),
        (b"8BPS\0\1", "Photoshop"),
        (b'\n<svg xmlns="', "SVG"),
        (b"P6 # by hand\n4 3 255\n", "PNM"),
        (bytes(128) + b"DICM", "DICOM"),
    ],
)
def test_a_start_that_is_known(start: bytes, name: str) -> None:
    found = recognised(start)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "start",
    [
        b"",
        HTML,
        b"%PDF-1.7",
        b"BMI,age\n22.4,41\n",
        b"P1 of 3: notes",
        b"path,label\n",
        b"GIF",
        b"\0\0\0\x18ftypisom\0\0\2\0mp42mp41heic",
        b"\xff\xff\xff\xffftypmp42" + b"x" * 300 + b"heic",
        b"\0\0\0\x18free" + b"ftypheic" * 3,
        b"\0\1\0\0\0\x0f",
    ],
)
def test_what_is_neither_a_picture_nor_called_one(start: bytes) -> None:
    for name in ("", "readme", "a.csv", "a.mp4", "jpg", "a.jpg.txt"):
        assert recognised(start, name) is None


def test_a_file_that_is_called_a_picture_counts_as_one() -> None:
    for name in ("html.jpg", "empty.PNG", ".jpg", "dot.jpg.", "space.jpg "):
        found = recognised(b"" if "empty" in name else HTML, name)
        assert found is not None
        assert found.pipeline


def test_a_raw_file_looks_like_a_tiff_and_is_told_by_its_name() -> None:
    tiff = saved("TIFF")
    for name, expected in (("a.NEF", "camera raw"), ("a.tif", "TIFF"), ("a", "TIFF")):
        found = recognised(tiff, name)
        assert found is not None
        assert found.name == expected
    jpeg = recognised(saved("JPEG"), "a.dng")
    assert jpeg is not None
    assert jpeg.pipeline


def test_a_suffix_belongs_to_one_format_and_an_unread_one_is_read_by_nobody() -> None:
    rows = (*formats.FORMATS, *formats.UNREAD)
    suffixes = [suffix for one in rows for suffix in one.suffixes]
    assert len(set(suffixes)) == len(suffixes)
    assert not any(one.pipeline or one.service for one in formats.UNREAD)
    assert {one.name for one in formats.UNREAD} >= {"JPEG 2000", "PCX", "TGA", "camera raw"}


WITHOUT = """
import sys
sys.modules["pillow_jxl"] = None  # not installed
from canting.config import formats
from canting.imaging import pictures
found = formats.recognised(b"", "a.jxl")
print(found.name, found.pipeline, found.service, "JXL" in formats.decoded(), formats.offered())
try:
    pictures.decode(bytes([255, 10]) + bytes(20))
except pictures.PictureError as error:
    print(error.code, error)
print("pillow_heif" in sys.modules, "PIL.ImageCms" in sys.modules)
"""


def test_jpeg_xl_is_told_and_not_read_where_its_package_is_missing() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True)
    first, second, third = done.stdout.splitlines()
    assert first == "JPEG XL False False False JPEG, PNG, WebP, BMP, GIF, TIFF, AVIF or HEIC"
    assert second.startswith("unsupported_format expected one of")
    assert second.endswith(
        "received a picture of the format JPEG XL, which is not read: save it as JPEG"
    )
    assert third == "False False"
