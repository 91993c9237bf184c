"""Layouts that people's sets have: each is understood as it is meant, or refused with a way out."""

import csv
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from canting.config.fetch import Fetch
from canting.core.errors import CantingError
from canting.data.fetch.fetch import Fetched, fetch, told
from canting.data.fetch.source import Means
from tests.conftest import real
from tests.test_fetch_folder import fetched, plant

Rows = dict[str, dict[str, str]]


def brought(root: Path, **settings: Any) -> tuple[Fetched, Rows]:
    """Fetch a folder; return what was found, and the rows of origins by the path in the source."""
    build = root.parent / "build"
    section = Fetch(source=str(root), digest=None, **settings)
    found = fetch(section, build / "raw", build / "digests.csv", Means(root.parent / "cache"))
    with (build / "origins.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["source"]: row for row in csv.DictReader(file)}
    assert {str(path) for path in rows} | set(left_out(root)) >= set(rows)
    for row in rows.values():
        assert (build / "raw" / row["path"]).read_bytes() == (root / row["source"]).read_bytes()
    return found, rows


def left_out(root: Path) -> dict[str, str]:
    with (root.parent / "build/left_out.csv").open(newline="", encoding="utf-8") as file:
        return {row["path"]: row["reason"] for row in csv.DictReader(file)}


def read_as(found: Fetched) -> str:
    return found.record["collections"][0]["read_as"]


UNDERSTOOD = {
    "plain": ("<class>/<picture>", ["cat/1.jpg", "dog/1.jpg"], ("cat", "", "")),
    "digits": ("mnist/<class>/<picture>", ["mnist/0/1.jpg", "mnist/1/1.jpg"], ("0", "", "")),
    "numbered": ("<class>/<picture>", ["0/1.jpg", "1/1.jpg", "2/1.jpg"], ("0", "", "")),
    "wrapped": (
        "set/set/<class>/<picture>",
        ["set/set/cat/1.jpg", "set/set/dog/1.jpg"],
        ("cat", "", ""),
    ),
    "split": (
        "<split>/<class>/<picture>",
        ["train/cat/1.jpg", "train/dog/1.jpg", "val/cat/2.jpg", "test/dog/3.jpg"],
        ("cat", "train", ""),
    ),
    "class then split": (
        "<class>/<split>/<picture>",
        ["cat/train/1.jpg", "cat/test/2.jpg", "dog/train/3.jpg"],
        ("cat", "train", ""),
    ),
    "split words": (
        "<split>/<class>/<picture>",
        ["seg_train/cat/1.jpg", "seg_test/cat/2.jpg", "seg_train/dog/3.jpg"],
        ("cat", "train", ""),
    ),
    "class then session": (
        "<class>/<session>/<picture>",
        ["cat/2024-05/1.jpg", "cat/2024-06/2.jpg", "dog/2024-05/3.jpg"],
        ("cat", "", "2024-05"),
    ),
    "session then class": (
        "<session>/<class>/<picture>",
        ["session 1/cat/1.jpg", "session 1/dog/2.jpg", "session 2/cat/3.jpg"],
        ("cat", "", "session 1"),
    ),
    "folders of a camera": (
        "<class>/<session>/<picture>",
        ["cat/100CANON/1.jpg", "dog/101CANON/2.jpg", "dog/102APPLE/2.jpg"],
        ("cat", "", "100CANON"),
    ),
    "class then images": (
        "<class>/images/<picture>",
        ["cat/images/1.jpg", "dog/images/1.jpg"],
        ("cat", "", ""),
    ),
    "images around": (
        "images/<class>/<picture>",
        ["images/cat/1.jpg", "images/dog/1.jpg"],
        ("cat", "", ""),
    ),
    "split, images, class": (
        "<split>/images/<class>/<picture>",
        ["train/images/cat/1.jpg", "train/images/dog/1.jpg", "test/images/dog/1.jpg"],
        ("cat", "train", ""),
    ),
    "an inspection set": (
        "bottle/<split>/<class>/<picture>",
        ["bottle/train/good/1.png", "bottle/test/good/2.png", "bottle/test/broken/3.png"],
        ("good", "train", ""),
    ),
    "subfolder of a class": (
        "<class>/<picture> and <class>/<session>/<picture>",
        ["cat/1.jpg", "dog/2.jpg", "dog/edited/3.jpg"],
        ("cat", "", ""),
    ),
}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_a_layout_is_understood_and_said(tmp_path: Path, name: str) -> None:
    pattern, paths, first = UNDERSTOOD[name]
    found, rows = brought(plant(tmp_path / "in", *paths))
    assert read_as(found) == pattern
    assert len(rows) == len(paths)
    assert (rows[paths[0]]["given"], rows[paths[0]]["split"]) == first[:2]
    assert (first[2] in found.record["collections"][0]["sessions"]) is bool(first[2])
    lines = list(told(found))
    assert pattern in lines[0]
    assert all(label in lines[0] for label in found.pictures)


def test_masks_beside_a_split_are_left_out_and_named(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *UNDERSTOOD["an inspection set"][1])
    plant(root, "bottle/ground_truth/broken/3_mask.png")
    _, rows = brought(root)
    assert len(rows) == 3
    assert left_out(root) == {"bottle/ground_truth/broken/3_mask.png": "in a folder `ground_truth`"}


def test_masks_beside_pictures_are_left_out_and_named(tmp_path: Path) -> None:
    paths = [f"{one}/{part}/1.png" for one in ("cat", "dog") for part in ("images", "masks")]
    root = plant(tmp_path / "in", *paths)
    found, rows = brought(root)
    assert sorted(rows) == ["cat/images/1.png", "dog/images/1.png"]
    assert left_out(root) == {f"{one}/masks/1.png": "in a folder `masks`" for one in ("cat", "dog")}
    assert "left out: 2 × in a folder `masks`" in list(told(found))[-1]


REFUSED = {
    "no folder": ["1.jpg", "2.jpg"],
    "only images": ["images/1.jpg", "images/2.jpg"],
    "a detection set": ["images/train/1.jpg", "images/val/2.jpg", "labels/train/1.png"],
    "unlabelled test": ["train/cat/1.jpg", "train/dog/1.jpg", "test/1.jpg"],
    "train beside others": ["bus/1.jpg", "car/1.jpg", "train/1.jpg"],
    "data beside others": ["bus/1.jpg", "car/1.jpg", "data/1.jpg"],
    "a part of unknown name": ["train/cat/1.jpg", "train/dog/1.jpg", "predict/1.jpg"],
    "two levels of names": ["animal/cat/1.jpg", "animal/dog/1.jpg", "plant/tree/1.jpg"],
    "sites and classes": ["north/cat/1.jpg", "north/dog/1.jpg", "south/cat/1.jpg"],
    "one deeper": ["cat/1.jpg", "dogs/poodle/1.jpg", "dogs/boxer/1.jpg"],
    "one class with sessions": ["kawung/s1/1.jpg", "kawung/s2/2.jpg"],
    "words of a split in names": ["rapid-test/1.jpg", "pcr_test/1.jpg"],
    "many names": [f"{place}{number}x/1.jpg" for place in ("n/", "") for number in range(12)],
    "dates alone": ["2024-05/1.jpg", "2024-06/1.jpg"],
    "numbers twice": ["1/01/1.jpg", "2/02/1.jpg"],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused_and_the_advice_helps(
    tmp_path: Path, name: str
) -> None:
    root = plant(tmp_path / "in", *REFUSED[name])
    with pytest.raises(CantingError) as caught:
        brought(root)
    message = str(caught.value)
    assert "\n" not in message
    assert not (tmp_path / "build").exists()
    advice = re.findall(r"`(classes: {.*?})`", message)
    for text in advice:  # each reading that is offered is taken
        classes = YAML(typ="safe").load(text)["classes"]
        _, rows = brought(root, classes=classes)
        assert {row["given"] for row in rows.values()} == set(classes.values())
        assert len(rows) + len(left_out(root)) == len(REFUSED[name])
    assert advice or "fetch.labels" in message


def test_a_class_inside_another_is_refused(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", "dog/1.jpg", "cat/1.jpg", "dog/cat/2.jpg")
    with pytest.raises(CantingError, match=r"'dog/cat'.*the name of another.*Rename or move it"):
        brought(root)
    (root / "dog/cat").rename(root / "dog/with a cat")
    assert len(brought(root)[1]) == 3


def test_a_table_that_is_there_is_named_where_no_folder_is_a_class(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", "images/1.jpg", "images/2.jpg", "labels.csv")
    with pytest.raises(CantingError, match=r"name the table \(there is 'labels\.csv'\)"):
        brought(root)


def test_what_the_choice_of_classes_leaves_out_is_named(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", "train/cat/1.jpg", "train/dog/1.jpg", "test/1.jpg", "x/y.jpg")
    _, rows = brought(root, classes={"cat": "cat", "dog": "dog"})
    assert {row["split"] for row in rows.values()} == {"train"}
    assert left_out(root) == dict.fromkeys(
        ["test/1.jpg", "x/y.jpg"], "in no folder that `fetch.classes` names"
    )


def test_files_that_are_not_read_are_counted_by_kind_and_named(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", "cat/1.jpg", "dog/1.jpg", "dog/notes.txt", "dog/.hidden", "READ")
    (root / "cat/photo.jp2").write_bytes(b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(64))
    (root / "cat/saved without a suffix").write_bytes(b"\xff\xd8\xff\xe0" + bytes(64))
    (root / "dog/linked.jpg").symlink_to(root / "dog/1.jpg")
    found, rows = brought(root)
    assert "cat/saved without a suffix" in rows
    reasons = left_out(root)
    assert sorted(reasons) == ["READ", "cat/photo.jp2", "dog/.hidden", "dog/notes.txt"]
    assert reasons["cat/photo.jp2"] == "JPEG 2000, which is not read"
    last = list(told(found))[-1]
    for words in ("1 × JPEG 2000, which is not read", "(.txt)", "(no suffix)", "1 × hidden"):
        assert words in last
    assert found.record["collections"][0]["links"] == 1


def test_names_that_are_no_utf8_are_escaped_where_they_are_listed(tmp_path: Path) -> None:
    paths = ["cat/2024-\udcff1/1.jpg", "dog/2024-02/1.jpg", "dog/\udcff.txt", "dog/a.\udcfe"]
    root = plant(tmp_path / "in", *paths)
    assert sorted(fetched(root, {"cat": "cat", "dog": "dog"})) == ["cat/1.jpg", "dog/1.jpg"]
    assert left_out(root) == {
        "dog/\\xff.txt": "no picture (.txt)",
        "dog/a.\\xfe": "no picture (.\\xfe)",
    }
    assert "cat/2024-\\xff1/1.jpg" in (tmp_path / "build/origins.csv").read_text(encoding="utf-8")


def test_a_class_of_unread_pictures_alone_is_not_dropped(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", "cat/1.jpg", "dog/1.jpg", "owl/")
    (root / "owl/photo.jp2").write_bytes(b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(64))
    with pytest.raises(CantingError, match=r"'owl'.*JPEG 2000, which is not read"):
        brought(root)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("session", {"2024-05", "2024-06"}),
        (r"cloth(\d+)", {"1", "2"}),
        (r"2024-\d\d", {"2024-05", "2024-06"}),
    ],
)
def test_pictures_that_belong_together_by_their_path(
    tmp_path: Path, group: str, expected: set[str]
) -> None:
    paths = [
        "cat/2024-05/cloth1_a.jpg",
        "cat/2024-06/cloth1_b.jpg",
        "dog/2024-05/cloth2.jpg",
        "dog/2024-06/cloth1_c.jpg",
    ]
    found, rows = brought(plant(tmp_path / "in", *paths), group=group)
    assert {row["group"] for row in rows.values()} == {f"in/{one}" for one in expected}
    assert found.record["collections"][0]["grouped"] == 4


def test_an_expression_that_finds_nothing_is_refused(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", "cat/1.jpg", "dog/1.jpg")
    with pytest.raises(CantingError, match=r"`fetch\.group` is 'patient'.*'cat/1\.jpg'"):
        brought(root, group="patient")


def test_several_collections_are_one_source(tmp_path: Path) -> None:
    plant(tmp_path / "museum", "cat/1.jpg", "dog/1.jpg")
    plant(tmp_path / "phones", "train/Katze/1.jpg", "test/Hund/2.jpg", "train/Hund/x.txt")
    sources = [
        {"name": "museum", "source": str(tmp_path / "museum")},
        {
            "name": "phones",
            "source": str(tmp_path / "phones"),
            "classes": {"Katze": "cat", "Hund": "dog"},
        },
    ]
    section = Fetch.model_validate({"source": sources, "digest": None})
    build = tmp_path / "build"
    found = fetch(section, build / "raw", build / "digests.csv", Means(tmp_path / "cache"))
    assert found.pictures == {"cat": 2, "dog": 2}
    with (build / "origins.csv").open(newline="", encoding="utf-8") as file:
        rows = [tuple(row.values())[:5] for row in csv.DictReader(file)]
    assert rows == [
        ("cat/museum-cat-1.jpg", "museum", "museum/cat/1.jpg", "cat", ""),
        ("cat/phones-train-Katze-1.jpg", "phones", "phones/train/Katze/1.jpg", "cat", "train"),
        ("dog/1.jpg", "museum", "museum/dog/1.jpg", "dog", ""),
        ("dog/2.jpg", "phones", "phones/test/Hund/2.jpg", "dog", "test"),
    ]
    assert left_out(tmp_path / "museum") == {"phones/train/Hund/x.txt": "no picture (.txt)"}
    assert [one["name"] for one in found.record["collections"]] == ["museum", "phones"]


def test_a_fault_in_one_of_several_collections_names_it(tmp_path: Path) -> None:
    plant(tmp_path / "a", "cat/1.jpg", "dog/1.jpg")
    plant(tmp_path / "b", "1.jpg")
    sources = [{"name": name, "source": str(tmp_path / name)} for name in ("a", "b")]
    section = Fetch.model_validate({"source": sources, "digest": None})
    with pytest.raises(CantingError, match=r"In the collection 'b': `fetch\.source` has pictures"):
        fetch(section, tmp_path / "raw", tmp_path / "digests.csv", Means(tmp_path / "cache"))


CASES = {
    "class_then_session": ("<class>/<session>/<picture>", 60),
    "class_then_images_masks": ("<class>/images/<picture>", 60),
    "subfolder_of_a_class": ("<class>/<picture> and <class>/<session>/<picture>", 65),
    "numbered": ("<class>/<picture>", 60),
}


@pytest.mark.slow
def test_layouts_as_others_drew_them(tmp_path: Path) -> None:
    script = real("cases/pipeline/make_layouts.py")
    subprocess.run([sys.executable, script, tmp_path], check=True)
    for name, (pattern, count) in CASES.items():
        found, _ = brought(tmp_path / name)
        assert (read_as(found), sum(found.pictures.values())) == (pattern, count)
