"""Several collections: each may have few classes, and a fault in one is named with it."""

import csv
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from canting.config.fetch import Fetch
from canting.core.errors import CantingError
from canting.data.fetch import expressions
from canting.data.fetch.fetch import Fetched, fetch, told
from canting.data.fetch.source import Means
from tests.conftest import real
from tests.test_fetch_folder import plant


def brought(tmp_path: Path, *names: str) -> Fetched:
    """Fetch the folders of these names together."""
    sources = [{"name": name, "source": str(tmp_path / name)} for name in names]
    section = Fetch.model_validate({"source": sources, "digest": None})
    build = tmp_path / "build"
    return fetch(section, build / "raw", build / "digests.csv", Means(tmp_path / "cache"))


def test_a_collection_may_have_one_class(tmp_path: Path) -> None:
    plant(tmp_path / "a", "cat/1.jpg")
    plant(tmp_path / "b", "dog/1.jpg", "dog/2.jpg")
    assert brought(tmp_path, "a", "b").pictures == {"cat": 1, "dog": 2}


def test_all_together_have_two(tmp_path: Path) -> None:
    plant(tmp_path / "a", "cat/1.jpg")
    plant(tmp_path / "b", "cat/2.jpg")
    with pytest.raises(CantingError, match=r"two classes.*only: 'cat'\. Add"):
        brought(tmp_path, "a", "b")


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    plant(tmp_path / "a", "cat/1.jpg", "dog/1.jpg")
    with pytest.raises(CantingError, match=r"In the collection 'b': .*nothing is there"):
        brought(tmp_path, "a", "b")


MUSEUMS = ("a/cat/1.jpg", "a/dog/1.jpg", "b/cat/1.jpg", "b/cat/2.jpg", "b/dog/1.jpg")


def within(tmp_path: Path, source: Any, **settings: Any) -> tuple[Fetched, dict[str, str]]:
    """Fetch; return what was found, and the collection of each path in the source."""
    section = Fetch.model_validate({"source": source, "digest": None, **settings})
    build = tmp_path / "build"
    found = fetch(section, build / "raw", build / "digests.csv", Means(tmp_path / "cache"))
    with (build / "origins.csv").open(newline="", encoding="utf-8") as file:
        return found, {row["source"]: row["collection"] for row in csv.DictReader(file)}


def test_folders_above_the_classes_are_collections(tmp_path: Path) -> None:
    plant(tmp_path / "in", *MUSEUMS)
    found, of = within(tmp_path, str(tmp_path / "in"), collection="folder")
    assert of == {path: path[0] for path in MUSEUMS}
    assert found.pictures == {"cat": 3, "dog": 2}
    lines = list(told(found))
    assert "is read as <collection>/<class>/<picture>, 3 × cat, 2 × dog" in lines[0]
    assert lines[1] == "in: collections 2 × a, 3 × b"
    assert found.record["collections"][0]["collections"] == {"a": 2, "b": 3}


@pytest.mark.parametrize("classes", [None, {"cat": "cat", "dog": "dog"}])
def test_splits_and_pictures_folders_are_no_collections(
    tmp_path: Path, classes: dict[str, str] | None
) -> None:
    paths = ("set/a/train/cat/images/1.jpg", "set/b/test/dog/images/1.jpg")
    plant(tmp_path / "in", *paths)
    found, of = within(tmp_path, str(tmp_path / "in"), collection="folder", classes=classes)
    assert list(of.values()) == ["a", "b"]
    assert found.record["collections"][0]["splits"] == {"test": 1, "train": 1}


def test_a_session_below_a_class_is_one_of_its_collection(tmp_path: Path) -> None:
    plant(tmp_path / "in", *(f"{one}/{two}/day1/1.jpg" for one in "ab" for two in ("cat", "dog")))
    settings = {"collection": "folder", "group": "session", "classes": {"cat": "c", "dog": "d"}}
    found, of = within(tmp_path, str(tmp_path / "in"), **settings)
    assert set(of.values()) == {"a", "b"}
    with (tmp_path / "build/origins.csv").open(newline="", encoding="utf-8") as file:
        groups = {row["source"]: row["group"] for row in csv.DictReader(file)}
    assert {path: f"in/{path[0]}/day1" for path in groups} == groups
    assert found.record["collections"][0]["read_as"] == "<collection>/<class>/<session>/<picture>"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (r"/([A-Z]\w+?)_", {"Solo", "Yogya"}),
        (r"[A-Z][a-z]+", {"Solo", "Yogya"}),
        (r"/([A-Z])\w+_(\d)", {"S/1", "Y/1", "Y/2"}),
        (r"^\w+(?=/)", {"cat", "dog"}),
    ],
)
def test_collections_by_an_expression(tmp_path: Path, expression: str, expected: set[str]) -> None:
    plant(tmp_path / "in", "cat/Solo_1.jpg", "cat/Yogya_1.jpg", "dog/Yogya_2.jpg")
    found, of = within(tmp_path, str(tmp_path / "in"), collection=expression)
    assert set(of.values()) == expected
    assert set(found.record["collections"][0]["collections"]) == expected


def test_of_several_sources_each_may_hold_collections(tmp_path: Path) -> None:
    plant(tmp_path / "museums", *MUSEUMS)
    plant(tmp_path / "phones", "cat/x_1.jpg", "dog/y_1.jpg")
    plant(tmp_path / "web", "cat/1.jpg")
    folders = [{"name": name, "source": str(tmp_path / name)} for name in ("museums", "phones")]
    folders[0]["collection"], folders[1]["collection"] = "folder", "([xy])_"
    source = [*folders, {"name": "web", "source": str(tmp_path / "web")}]
    found, of = within(tmp_path, source)
    assert {path: of[path] for path in ("museums/a/cat/1.jpg", "phones/dog/y_1.jpg")} == {
        "museums/a/cat/1.jpg": "museums/a",
        "phones/dog/y_1.jpg": "phones/y",
    }
    assert of["web/cat/1.jpg"] == "web"
    assert [one["collections"] for one in found.record["collections"]] == [
        {"museums/a": 2, "museums/b": 3},
        {"phones/x": 1, "phones/y": 1},
        {},
    ]


def test_what_is_named_for_all_sources_holds_for_each(tmp_path: Path) -> None:
    plant(tmp_path / "m", "cat/x_1.jpg", "dog/y_1.jpg")
    plant(tmp_path / "n", "cat/x_1.jpg")
    source = [{"name": name, "source": str(tmp_path / name)} for name in "mn"]
    _, of = within(tmp_path, source, collection="([xy])_")
    assert set(of.values()) == {"m/x", "m/y", "n/x"}


@pytest.mark.parametrize(
    ("paths", "collection", "told"),
    [
        (
            ("cat/a_1.jpg", "dog/a_1.jpg", "dog/2.jpg", "dog/3.jpg"),
            r"(\w)_",
            r"is '\(\\\\w\)_': expected a match in the path of every picture\. Received: none for "
            r"2 of 4, 'dog/2\.jpg', 'dog/3\.jpg'\.",
        ),
        (
            ("a/cat/1.jpg", "a/dog/1.jpg", "dog/1.jpg"),
            "folder",
            r"expected a folder above that of the class .* none for 1 of 3, 'dog/1\.jpg'\.",
        ),
        (("cat/1.jpg", "dog/1.jpg"), "folder", r"expected a folder above .* none for 2 of 2"),
        (("cat/+_1.jpg", "dog/a_1.jpg"), "(.)_", r"with a letter or a digit\. Received: '\+'"),
        (
            (f"cat/{'x' * 81}.jpg", "dog/a.jpg"),
            r"(\w+)\.",
            rf"names of 1 to 80 characters .* Received: '{'x' * 80}'",
        ),
        (
            ("cat/a_1.jpg", "dog/A_1.jpg"),
            r"(\w)_",
            r"differ by more than case and signs\. Received: 'A' and 'a'",
        ),
        (
            ("cat/a(1).jpg", "dog/a[1].jpg"),
            r"/(.+)\.",
            r"differ by more than case and signs\. Received: 'a\(1\)' and 'a\[1\]'",
        ),
    ],
)
def test_a_collection_that_cannot_be_told_is_refused(
    tmp_path: Path, paths: tuple[str, ...], collection: str, told: str
) -> None:
    plant(tmp_path / "in", *paths)
    with pytest.raises(CantingError, match=rf"`fetch\.collection`.*{told}"):
        within(tmp_path, str(tmp_path / "in"), collection=collection)


def test_the_name_of_a_collection_fits_a_table(tmp_path: Path) -> None:
    plant(tmp_path / "in", "Museum (A)/cat/1.jpg", " b|c /dog/1.jpg")
    _, of = within(tmp_path, str(tmp_path / "in"), collection="folder")
    assert set(of.values()) == {"Museum _A_", "b_c"}


def test_classes_below_collections_are_refused_with_a_way_out(tmp_path: Path) -> None:
    plant(tmp_path / "in", *MUSEUMS)
    with pytest.raises(CantingError, match=r"more than one way.* set `fetch\.collection: folder`"):
        within(tmp_path, str(tmp_path / "in"))


@pytest.mark.parametrize("name", ["group", "collection"])
def test_an_expression_that_does_not_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    plant(tmp_path / "in", f"cat/{'a' * 40}.jpg", "dog/1.jpg")
    monkeypatch.setattr(expressions, "SECONDS", 0.5)
    with pytest.raises(CantingError, match=rf"`fetch\.{name}` is .*: expected .* found in 2 paths"):
        within(tmp_path, str(tmp_path / "in"), **{name: r"(a+)+$"})


@pytest.mark.parametrize("name", ["group", "collection"])
@pytest.mark.parametrize("expression", ["(", "a{99999999999999999999}"])
def test_what_is_no_expression_is_refused(name: str, expression: str) -> None:
    word = {"group": "session", "collection": "folder"}[name]
    with pytest.raises(ValidationError, match=rf"{word}, or a regular expression \("):
        Fetch.model_validate({"source": "in", "digest": None, name: expression})


def test_two_collections_below_one_folder(tmp_path: Path) -> None:
    root = real("data/batik_more")
    found, of = within(tmp_path, str(root), collection="folder")
    assert found.record["collections"][0]["collections"] == {
        "irinamrdhtllh": 611,
        "tegarardi": 392,
    }
    assert of["tegarardi/kawung/" + next((root / "tegarardi/kawung").iterdir()).name] == "tegarardi"
    assert found.pictures == {"kawung": 363, "megamendung": 187, "parang": 195, "truntum": 258}
