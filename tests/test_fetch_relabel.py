"""Corrections of labels are followed, whole, and nothing of them is lost in silence."""

import csv
from hashlib import sha256
from pathlib import Path

import pytest

from canting.config.fetch import Fetch
from canting.core.errors import CantingError
from canting.data import relabel
from canting.data.fetch.fetch import Fetched, fetch, told
from canting.data.fetch.source import Means
from canting.data.fetch.state import state
from canting.data.relabel import Relabelled
from tests.test_fetch_folder import plant, written

PATHS = ("cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "dog/3.jpg")


def corrected(root: Path, corrections: dict[str, str]) -> Fetched:
    """Fetch with a new label, or none, for pictures by their path in the source."""
    rows = {
        (sha256((root / path).read_bytes()).hexdigest(), path.split("/")[0]): Relabelled(
            label, path
        )
        for path, label in corrections.items()
    }
    table, build = root.parent / "relabel.csv", root.parent / "build"
    relabel.write(table, rows)
    section = Fetch(source=str(root), relabel=str(table), digest=None)
    return fetch(section, build / "raw", build / "digests.csv", Means(root.parent / "cache"))


def test_pictures_move_to_their_new_label_and_back(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *PATHS)
    found = corrected(root, {"cat/1.jpg": "dog", "dog/3.jpg": "", "cat/2.jpg": "cat"})
    assert written(tmp_path / "build/raw") == {
        "cat/2.jpg": "picture cat/2.jpg",
        "dog/1-2.jpg": "picture cat/1.jpg",
        "dog/1.jpg": "picture dog/1.jpg",
    }
    assert found.pictures == {"cat": 1, "dog": 2}
    assert "1 pictures have a new label by `fetch.relabel`" in list(told(found))
    with (tmp_path / "build/origins.csv").open(newline="") as file:
        rows = {row["path"]: (row["source"], row["given"]) for row in csv.DictReader(file)}
    assert rows == {
        "cat/2.jpg": ("cat/2.jpg", "cat"),
        "dog/1-2.jpg": ("cat/1.jpg", "cat"),
        "dog/1.jpg": ("dog/1.jpg", "dog"),
    }
    assert "dog/3.jpg,left out by `fetch.relabel`" in (tmp_path / "build/left_out.csv").read_text()
    corrected(root, {})
    assert list(written(tmp_path / "build/raw")) == list(PATHS)


def test_a_new_class_may_come_of_it_and_an_old_one_end(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *PATHS)
    found = corrected(root, {"cat/1.jpg": "lynx", "cat/2.jpg": "lynx"})
    assert found.pictures == {"dog": 2, "lynx": 2}
    assert not (tmp_path / "build/raw/cat").exists()


def test_a_correction_without_its_picture_is_refused(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *PATHS)
    corrected(root, {"cat/1.jpg": "dog"})
    (root / "cat/1.jpg").write_bytes(b"another picture")
    section = Fetch(source=str(root), relabel=str(tmp_path / "relabel.csv"), digest=None)
    before = written(tmp_path / "build")
    with pytest.raises(CantingError, match=r"1 of 1 rows.*'cat/1\.jpg'.*Remove these rows"):
        fetch(section, tmp_path / "build/raw", tmp_path / "build/digests.csv", Means(tmp_path))
    assert written(tmp_path / "build") == before


def test_what_decides_about_a_source_is_watched(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *PATHS)
    table = tmp_path / "relabel.csv"
    section = Fetch(source=str(root), relabel=str(table), digest=None)
    seen = [state(section)]
    for change in (
        lambda: table.write_text("sha256,given,label\n"),
        lambda: (root / "cat/1.jpg").write_bytes(b"repaired"),
        lambda: (root / "dog/3.jpg").rename(root / "dog/4.jpg"),
        lambda: plant(root, "dog/5.jpg"),
    ):
        change()
        seen.append(state(section))
        assert seen[-1] == state(section)
        assert seen[-1] not in seen[:-1]
    assert state(Fetch(source="data", digest=None)) == {}
    assert state(Fetch(source=str(tmp_path / "nowhere"), digest=None)).keys() == {"nowhere"}


@pytest.mark.parametrize(
    ("label", "words"),
    [("Dog", "only by case"), ("thumbs.db", "leave behind"), ("x" * 256, "at most 255 bytes")],
)
def test_labels_that_no_class_may_have_are_refused(tmp_path: Path, label: str, words: str) -> None:
    root = plant(tmp_path / "in", *PATHS)
    with pytest.raises(CantingError, match=rf"`fetch\.relabel`.*{words}.*correct that table"):
        corrected(root, {"cat/1.jpg": label})
    assert not (tmp_path / "build/raw").exists()


@pytest.mark.parametrize("label", ["dog", ""])
def test_two_classes_have_to_be_left(tmp_path: Path, label: str) -> None:
    root = plant(tmp_path / "in", *PATHS)
    with pytest.raises(CantingError, match=r"`fetch\.relabel`.*two classes.*only: 'dog'"):
        corrected(root, {"cat/1.jpg": label, "cat/2.jpg": label})
    assert not (tmp_path / "build/raw").exists()
