"""Pictures in Parquet files of a data set of Hugging Face."""

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canting.core.errors import CantingError
from canting.data.fetch.parquet import Parquet
from canting.data.fetch.parquet_columns import Picked
from tests.hub_server import FIRST, SOURCE, Hub, refused, run, serving
from tests.parquet_made import CLASSES, IMAGE, TWO, names, others, picture, row, shard


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with serving({}, tmp_path) as server:
        yield server


def test_takes_rows_with_the_names_of_their_labels(hub: Hub, tmp_path: Path) -> None:
    features = {"image": {"_type": "Image"}, "label": CLASSES}
    hub.commits[FIRST] = {
        "data/train-00000-of-00002.parquet": shard(
            [row(1, "a.jpg"), row(2), row(3)], [1, 0, 1], features
        ),
        "data/train-00001-of-00002-a1b2c3.parquet": shard([row(4, "a.jpg")], [1], features),
        "data/test-00000-of-00001.parquet": shard([row(5, "x/b.png")], [0], features),
        "README.md": b"#",
        "logo.svg": b"<svg/>",
    }
    assert names(tmp_path) == [
        "test/kawung/b.jpg",
        "train/kawung/000003.jpg",
        "train/parang/000004.jpg",
        "train/parang/a-000005.jpg",
        "train/parang/a.jpg",
    ]
    assert run(tmp_path).pictures == {"kawung": 2, "parang": 3}
    raw = tmp_path / "build/raw"
    assert (raw / "kawung/b.jpg").read_bytes() == picture(5)
    assert (raw / "parang/a-000005.jpg").read_bytes() == picture(4)
    assert others(tmp_path) == {"logo.svg": "was not downloaded: no picture is expected in it"}


def test_takes_labels_of_text(hub: Hub, tmp_path: Path) -> None:
    text = shard(TWO, ["Bunga Raya", "ékawung"])
    coded = shard(TWO, ["b", "a"], None, pa.dictionary(pa.int8(), pa.string()))
    hub.commits[FIRST] = {"train.parquet": text, "test.parquet": coded}
    assert names(tmp_path) == [
        "test/a/000002.jpg",
        "test/b/000001.jpg",
        "train/Bunga Raya/000003.jpg",
        "train/ékawung/000004.jpg",
    ]


def test_takes_what_the_hub_converts(hub: Hub, tmp_path: Path) -> None:
    hub.branches["refs/convert/parquet"] = FIRST
    hub.commits[FIRST] = {
        "default/train/0000.parquet": shard([row(1)], ["a"]),
        "default/train/0001.parquet": shard([row(2)], ["b"]),
        "default/test/0000.parquet": shard([row(3)], ["b"]),
    }
    source = f"{SOURCE}@refs/convert/parquet"
    assert names(tmp_path, source) == [
        "test/b/000001.jpg",
        "train/a/000002.jpg",
        "train/b/000003.jpg",
    ]


def test_takes_plain_bytes_of_any_format_that_is_read(hub: Hub, tmp_path: Path) -> None:
    forms = {"PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tif"}
    images = [picture(1, form) for form in forms]
    table = pa.table({"img": images, "class": ["a"] * len(images)})
    content = io.BytesIO()
    pq.write_table(table, content)
    hub.commits[FIRST] = {"train.parquet": content.getvalue()}
    assert [Path(name).suffix for name in names(tmp_path)] == list(forms.values())


def test_rows_that_are_no_labelled_pictures_are_named(hub: Hub, tmp_path: Path) -> None:
    images = [row(1), None, {"bytes": None, "path": "/x.jpg"}, {"bytes": b"", "path": None}]
    images += [{"bytes": b"<html>", "path": "a.jpg"}, row(2), row(3), row(4)]
    labels = [0, 0, 1, 1, 1, -1, None, 1]
    hub.commits[FIRST] = {"train.parquet": shard(images, labels, {"label": CLASSES})}
    assert names(tmp_path) == ["train/kawung/000001.jpg", "train/parang/000008.jpg"]
    assert others(tmp_path) == {
        "train.parquet/1": "holds no picture",
        "train.parquet/2": "holds no picture",
        "train.parquet/3": "holds no picture",
        "train.parquet/4": "is no picture of a format that is read",
        "train.parquet/5": "has no label",
        "train.parquet/6": "has no label",
    }


def test_names_that_no_file_can_have_give_way_to_numbers(hub: Hub, tmp_path: Path) -> None:
    given = [
        "A.jpg",
        "a.JPG",
        "..",
        ".hidden",
        "x\ny.jpg",
        "é" * 200,
        "C:\\b.jpeg",
        "000009.jpg",
        None,
    ]
    images = [row(number, name) for number, name in enumerate(given)]
    hub.commits[FIRST] = {"train.parquet": shard(images, ["a"] * len(images))}
    expected = ["A.jpg", "a-000002.JPG", "b.jpeg", "000009.jpg", "row-000009.jpg"]
    expected += [f"{number:06d}.jpg" for number in (3, 4, 5, 6)]
    assert names(tmp_path) == [f"train/a/{name}" for name in sorted(expected)]


@pytest.mark.parametrize("label", ["a/b", ".a", "", "Thumbs.db"])
def test_labels_that_name_no_folder_are_refused(hub: Hub, tmp_path: Path, label: str) -> None:
    hub.commits[FIRST] = {"train.parquet": shard(TWO, ["ok", label])}
    refused(tmp_path, repr(label), "'label'", "train.parquet", "?label:COLUMN")


def test_labels_with_line_breaks_are_refused(hub: Hub, tmp_path: Path) -> None:
    hub.commits[FIRST] = {"train.parquet": shard(TWO, ["ok", "a\nb"])}
    refused(tmp_path, r"'a\nb'", "without line breaks", "train.parquet")


def test_a_number_without_a_name_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.commits[FIRST] = {"train.parquet": shard(TWO, [0, 7], {"label": CLASSES})}
    refused(tmp_path, "has 2 names for", "the number 7", "train.parquet")


def test_files_with_and_without_a_split_are_refused(hub: Hub, tmp_path: Path) -> None:
    content = shard(TWO, ["a", "b"])
    hub.commits[FIRST] = {"train.parquet": content, "unlabelled-00000-of-00001.parquet": content}
    refused(tmp_path, "'train'", "'unlabelled-00000-of-00001.parquet'", "no split")
    assert len(names(tmp_path, f"{SOURCE}/train.parquet")) == 2


@pytest.mark.parametrize("damage", ["start", "page"])
def test_a_broken_file_is_named(hub: Hub, tmp_path: Path, damage: str) -> None:
    content = bytearray(shard(TWO, ["a", "b"]))
    content[:] = content[:40] if damage == "start" else content[:4] + bytes(60) + content[64:]
    hub.commits[FIRST] = {"train.parquet": bytes(content)}
    refused(tmp_path, f"`{SOURCE}: train.parquet` is not a Parquet file that can be read")


@pytest.mark.slow
def test_reads_a_few_rows_at_a_time(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    images = [{"bytes": picture(1) + noise.bytes(200_000), "path": None} for _ in range(400)]
    table = pa.table({"image": pa.array(images, IMAGE), "label": ["a", "b"] * 200})
    pq.write_table(table, tmp_path / "train.parquet", row_group_size=20)
    del images, table
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    source = Parquet("set", tmp_path, [PurePosixPath("train.parquet")], Picked(), {})
    most = 0
    for _, chunks in source.contents(source.pictures):
        most = max(most, len(b"".join(chunks)) and pa.total_allocated_bytes() - before)
    assert len(source.pictures) == 400
    assert most + tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_parquet_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(CantingError, match=r"set: x\.parquet"):
        Parquet("set", tmp_path, [PurePosixPath("x.parquet")], Picked(), {})
