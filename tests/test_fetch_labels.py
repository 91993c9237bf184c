"""Tables of labels: those that canting asks for, and those that data sets have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from canting.config.fetch import Fetch, LabelsTable
from canting.core.errors import CantingError
from canting.data.fetch.fetch import Fetched, fetch
from canting.data.fetch.source import Means
from tests.test_fetch_archive import tarred, zipped
from tests.test_fetch_folder import plant
from tests.test_fetch_layout import Rows, brought, left_out

PICTURES = ("images/a.jpg", "images/b.jpg", "images/c.png")


def table(tmp_path: Path, text: str, *pictures: str, **settings: Any) -> tuple[Fetched, Rows]:
    root = plant(tmp_path / "in", *(pictures or PICTURES))
    (root / "labels.csv").write_text(text, encoding="utf-8")
    return brought(root, **{"labels": LabelsTable(file="labels.csv"), **settings})


def labels(rows: Rows) -> dict[str, str]:
    return {Path(path).name: row["given"] for path, row in rows.items()}


EXPECTED = {"a.jpg": "cat", "b.jpg": "dog", "c.png": "cat"}


@pytest.mark.parametrize(
    "text",
    [
        "path,label\nimages/a.jpg,cat\nimages/b.jpg,dog\nimages/c.png,cat\n",
        "label,size,path\ncat,1,images/a.jpg\ndog,2,images/b.jpg\ncat,3,images/c.png\n",
        "file,label\na.jpg,cat\nb.jpg,dog\nc.png,cat\n",
        "id,breed\na,cat\nb,dog\nc,cat\n",
        "image_id;class\na;cat\nb;dog\nc;cat\n",
        "Filename\tCategory\na.jpg\tcat\nb.jpg\tdog\nc.png\tcat\n",
        "\ufeffpath,label\r\nimages\\a.jpg,cat\r\nimages/b.jpg,dog\r\n./images/c.png,cat\r\n",
        'path,label,id\nimages/a.jpg,cat,7\n"images/b.jpg","dog",8\nimages/c.png, cat ,9\n',
    ],
)
def test_a_table_gives_the_labels(tmp_path: Path, text: str) -> None:
    found, rows = table(tmp_path, text)
    assert labels(rows) == EXPECTED
    assert found.record["collections"][0]["read_as"] == "labels of the table `labels.csv`"
    assert left_out(tmp_path / "in") == {"labels.csv": "no picture (.csv)"}


def test_a_table_gives_split_and_group(tmp_path: Path) -> None:
    text = "group,split,label,path\nx,train,cat,a\ny,TEST,dog,b\n,valid,cat,c\n"
    _, rows = table(tmp_path, text)
    assert [(row["split"], row["group"]) for row in rows.values()] == [
        ("train", "in/x"),
        ("val", ""),
        ("test", "in/y"),
    ]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_table_in_an_archive(tmp_path: Path, pack: Callable[..., Path]) -> None:
    names = [f"set/{path}" for path in PICTURES]
    text = b"id,label\na,cat\nb,dog\nc,cat\n"
    entries = {"set/labels.csv": text, **{name: name.encode() for name in names}}
    path = pack(tmp_path / "in", entries)
    section = Fetch(source=str(path), labels=LabelsTable(file="labels.csv"), digest=None)
    build = tmp_path / "build"
    found = fetch(section, build / "raw", build / "digests.csv", Means(tmp_path / "cache"))
    assert found.pictures == {"cat": 2, "dog": 1}


def test_a_table_here_and_not_in_the_source(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *PICTURES)
    (tmp_path / "mine.csv").write_text("path,label\na,cat\nb,dog\nc,cat\n")
    _, rows = brought(root, labels=LabelsTable(file=str(tmp_path / "mine.csv")))
    assert labels(rows) == EXPECTED


def test_pictures_missing_and_unlisted_are_named(tmp_path: Path) -> None:
    _, rows = table(tmp_path, "id,label\na,cat\nb,dog\nz,dog\nc,\n", *PICTURES, "images/d.jpg")
    assert labels(rows) == {"a.jpg": "cat", "b.jpg": "dog"}
    assert left_out(tmp_path / "in") == {
        "images/c.png": "without a label in `labels.csv`",
        "images/d.jpg": "not listed in `labels.csv`",
        "labels.csv": "no picture (.csv)",
        "z": "listed in `labels.csv`, and not there",
    }


def test_labels_of_a_table_are_picked_and_renamed(tmp_path: Path) -> None:
    text = "path,label\na,cat/house\nb,dog\nc,owl\n"
    _, rows = table(tmp_path, text, classes={"cat/house": "cat", "dog": "dog"})
    assert labels(rows) == {"a.jpg": "cat", "b.jpg": "dog"}
    assert "`fetch.classes`" in left_out(tmp_path / "in")["images/c.png"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["none", "column for the path"]),
        ("path,size\na,1\n", ["label", "path, size", "fetch.labels: {file: labels.csv, label"]),
        ("label\ncat\n", ["path", "label"]),
        ("image,photo,label\na,a,cat\n", ["image, photo, label", "path: …"]),
        ("image,label\nx,cat\ny,dog\n", ["lists no picture", "'x'", "'images/a.jpg'"]),
        ("path,label\n", ["no row", "from the folder of the table"]),
        ("path,label\na,cat\na,dog\nb,dog\n", ["twice", "'cat'", "'dog'"]),
        ("path,label\na,cat,dog\n", ["row 2", "2 values", "3"]),
        ("path,label,split\na,cat,holdout\nb,dog,train\n", ["'holdout'", "train, val or test"]),
        ("path,label\na,cat/house\nb,dog\n", ["'cat/house'"]),
        ("path,label\na,.cat\nb,dog\n", ["'.cat'"]),
        ("path,label\na,cat\nb,cat\n", ["two classes", "'cat'"]),
        ('path,label\na,"cat\n', ["not a CSV file"]),
    ],
)
def test_a_table_that_is_unclear_is_refused(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(CantingError) as caught:
        table(tmp_path, text)
    for word in words:
        assert word in str(caught.value)
    assert not (tmp_path / "build").exists()


def test_columns_that_are_named_are_taken(tmp_path: Path) -> None:
    text = "image,photo,label\nq,a,cat\nq,b,dog\nq,c,cat\n"
    _, rows = table(tmp_path, text, labels=LabelsTable(file="labels.csv", path="photo"))
    assert labels(rows) == EXPECTED


def test_a_name_that_several_pictures_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CantingError, match=r"'a'.*'x/a\.jpg', 'y/a\.jpg'"):
        table(tmp_path, "id,label\na,cat\nb,dog\n", "x/a.jpg", "y/a.jpg", "y/b.jpg")


def test_an_absent_table_names_those_that_are_there(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *PICTURES, "train.csv")
    with pytest.raises(CantingError, match=r"'labels\.csv', and nothing.*'train\.csv'"):
        brought(root, labels=LabelsTable(file="labels.csv"))


def test_text_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *PICTURES)
    (root / "labels.csv").write_bytes("path,label\na,größe\n".encode("latin-1"))
    with pytest.raises(CantingError, match="in UTF-8"):
        brought(root, labels=LabelsTable(file="labels.csv"))


@pytest.mark.parametrize(
    "rows", ["a,cat,1\na,cat,2\n", "a,,\na,cat,\n", "a,cat,\nimages/a.jpg,dog,\n"]
)
@pytest.mark.parametrize("classes", [None, {"cat": "cat", "bird": "bird"}])
def test_two_rows_that_differ_about_a_picture_are_refused(
    tmp_path: Path, rows: str, classes: dict[str, str] | None
) -> None:
    with pytest.raises(CantingError, match=r"'images/a\.jpg' twice.*Remove one"):
        table(tmp_path, f"path,label,group\n{rows}b,bird,\n", classes=classes)
