"""What is read of each file, and what is refused before anything is checked."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from canting.core.errors import CantingError
from canting.core.files import sha256
from canting.data.validate import tables
from canting.data.validate.tables import group
from canting.imaging import errors

from .folder import save


def test_one_row_a_file_in_path_order(raw: Path) -> None:
    for path in ("b/1.png", "a b/ü.jpg", "a/deep/er.png", "B/1.png"):
        save(raw, path)
    assert tables.read(raw)["path"].tolist() == [
        "B/1.png",
        "a b/ü.jpg",
        "a/deep/er.png",
        "b/1.png",
    ]
    assert tables.read(raw)["label"].tolist() == ["B", "a b", "a", "b"]


def test_a_row_says_what_the_file_holds(raw: Path) -> None:
    file = save(raw, "a/x.png", (30, 20), "P")
    row = tables.read(raw).iloc[0]
    assert (row["width"], row["height"], row["mode"], row["format"]) == (30, 20, "P", "PNG")
    assert (row["bytes"], row["sha256"]) == (file.stat().st_size, sha256(file))
    assert row.isna()["error"]


@pytest.mark.parametrize("mode", ["I;16", "CMYK", "P", "LA", "1", "RGBA"])
def test_mode_is_the_stored_one(mode: str, raw: Path) -> None:
    save(raw, "a/x.tif", mode=mode)
    assert tables.read(raw)["mode"].tolist() == [mode]


def test_sides_are_those_of_the_upright_picture(raw: Path) -> None:
    (raw / "a").mkdir(parents=True)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.new("RGB", (40, 20)).save(raw / f"a/{orientation}.jpg", exif=exif)
    found = tables.read(raw)
    assert found["width"].tolist() == [40] * 4 + [20] * 4
    assert found["height"].tolist() == [20] * 4 + [40] * 4


def test_odd_metadata_is_no_fault(raw: Path) -> None:
    (raw / "a").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(raw / "a/x.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\x09\0\x12")
    assert tables.read(raw)["error"].isna().all()


def test_every_undecodable_file_says_why(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "MAX_PIXELS", 5000)
    save(raw, "a/0.png", (100, 100))
    (raw / "a/1.jpg").write_text("<html>")
    (raw / "a/2.jpg").touch()
    cut = save(raw, "a/3.jpg", (60, 60))
    cut.write_bytes(cut.read_bytes()[:-50])
    (raw / "a/4.jpg").symlink_to("nowhere")
    words = ("at most 5,000 pixels", "bytes of none", "an empty file", "truncated", "No such file")
    found = tables.read(raw)
    assert found["width"].isna().all()
    for error, word in zip(found["error"], words, strict=True):
        assert word in error


def test_what_systems_leave_behind_is_no_picture(raw: Path) -> None:
    save(raw, "a/x.png")
    (raw / ".git").mkdir()
    for name in ("a/.DS_Store", "a/Thumbs.db", "a/._x.png", "sources.json"):
        (raw / name).write_text("x")
    assert tables.paths(raw) == ["a/x.png"]
    assert tables.labels(raw) == ["a"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf8_is_refused(raw: Path) -> None:
    save(raw, "a/x.png")
    Path(os.fsdecode(bytes(raw / "a") + b"/\xff.png")).touch()
    with pytest.raises(CantingError, match=r"UTF-8.*Received: 'a/\\udcff.png'"):
        tables.read(raw)


def test_no_folder_and_no_picture_are_refused(raw: Path) -> None:
    with pytest.raises(CantingError, match="dvc repro fetch"):
        tables.read(raw)
    (raw / "an empty class").mkdir(parents=True)
    with pytest.raises(CantingError, match=r"Received: no picture.*`fetch.source`"):
        tables.read(raw)


def test_equal_bytes_share_a_group_and_undecodable_ones_have_their_own(raw: Path) -> None:
    content = save(raw, "a/1.png").read_bytes()
    save(raw, "a/2.png")
    (raw / "b").mkdir()
    (raw / "b/1.png").write_bytes(content)
    (raw / "b/2.png").write_text("x")
    (raw / "b/3.png").write_text("y")
    found = group(raw, tables.read(raw))
    assert found.tolist() == [0, 1, 0, 2, 3]
    assert found.dtype == np.int64


def test_a_turned_copy_shares_a_group(raw: Path) -> None:
    rng = np.random.default_rng(5)
    blocks = rng.integers(0, 256, (16, 16, 3), np.uint8)
    image = Image.fromarray(blocks).resize((256, 256), Image.Resampling.BICUBIC)
    (raw / "a").mkdir(parents=True)
    image.save(raw / "a/1.png")
    image.transpose(Image.Transpose.ROTATE_90).save(raw / "a/2.png")
    assert group(raw, tables.read(raw)).tolist() == [0, 0]
