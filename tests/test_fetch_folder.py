"""Class folders at any depth, the choice of them, and names that no file system should hold."""

import hashlib
import os
import unicodedata
from pathlib import Path

import pytest

from canting.config.fetch import Fetch
from canting.core.errors import CantingError
from canting.data.fetch.fetch import fetch
from canting.data.fetch.folder import Folder
from canting.data.fetch.source import Means

TWO = ("glass/a.jpg", "metal/b.jpg")


def plant(root: Path, *paths: str) -> Path:
    """Write a file at every path, each with bytes of its own; a path that ends in / is a folder."""
    for path in paths:
        file = root / path
        (file if path.endswith("/") else file.parent).mkdir(parents=True, exist_ok=True)
        if not path.endswith("/"):
            file.write_bytes(f"picture {path}".encode(errors="surrogateescape"))
    return root


def written(root: Path) -> dict[str, str]:
    """Return what every file holds, by its path."""
    return {
        str(path.relative_to(root)): path.read_bytes().decode(errors="surrogateescape")
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def fetched(root: Path, classes: dict[str, str] | None = None) -> dict[str, str]:
    """Fetch a folder and return what was written; the source must stay what it was."""
    build = root.parent / "build"
    before = _state(root)
    try:
        section = Fetch(source=str(root), classes=classes, digest=None)
        fetch(section, build / "raw", build / "digests.csv", Means(root.parent / "cache"))
    finally:
        assert _state(root) == before
    return written(build / "raw")


def refused(root: Path, *words: str, classes: dict[str, str] | None = None) -> None:
    """Fetch a folder that must be refused with a message that holds all words, and no output."""
    with pytest.raises(CantingError) as caught:
        fetched(root, classes)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list((root.parent / "build").glob("*"))


def _state(root: Path) -> list[tuple[str, int, int, str]]:
    return [
        (ascii(str(path)), path.lstat().st_mode, path.stat().st_mtime_ns, _sha256(path))
        for path in sorted(root.rglob("*"))
        if path.exists()
    ]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def test_brings_every_class_folder(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *TWO, "glass/B.JPEG", "glass/c.webp", "metal/d.TIFF")
    assert fetched(root) == {
        "glass/B.JPEG": "picture glass/B.JPEG",
        "glass/a.jpg": "picture glass/a.jpg",
        "glass/c.webp": "picture glass/c.webp",
        "metal/b.jpg": "picture metal/b.jpg",
        "metal/d.TIFF": "picture metal/d.TIFF",
    }


def test_copies_are_no_links_to_the_source(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *TWO)
    fetched(root)
    copy = tmp_path / "build/raw/glass/a.jpg"
    assert not copy.is_symlink()
    assert copy.stat().st_nlink == 1
    assert not copy.samefile(root / "glass/a.jpg")


def test_links_to_a_cache_are_followed(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *TWO)
    plant(tmp_path, "cache-of-dvc/0a1b")
    (root / "glass/linked.jpg").symlink_to(tmp_path / "cache-of-dvc/0a1b")
    assert fetched(root)["glass/linked.jpg"] == "picture cache-of-dvc/0a1b"
    assert not (tmp_path / "build/raw/glass/linked.jpg").is_symlink()


@pytest.mark.parametrize("wrapper", ["", "one/", "Garbage classification/Garbage classification/"])
def test_finds_class_folders_at_any_depth(tmp_path: Path, wrapper: str) -> None:
    root = plant(tmp_path / "in", *(wrapper + path for path in TWO), "zero-indexed-files.txt")
    assert list(fetched(root)) == ["glass/a.jpg", "metal/b.jpg"]


def test_ignores_litter_and_other_formats(tmp_path: Path) -> None:
    litter = (".DS_Store", "glass/.DS_Store", "glass/Thumbs.db", "metal/desktop.ini", "list.csv")
    hidden = ("__MACOSX/glass/._a.jpg", ".git/x/p.jpg", "glass/._a.jpg", "glass/notes.txt")
    root = plant(tmp_path / "in", *TWO, *litter, *hidden, "glass/meta.json")
    assert list(fetched(root)) == ["glass/a.jpg", "metal/b.jpg"]


def test_takes_bad_pictures_as_they_are(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *TWO)
    (root / "glass/empty.png").touch()
    assert fetched(root)["glass/empty.png"] == ""


@pytest.mark.parametrize(
    ("first", "second"), [("train", "test"), ("seg_train/seg_train", "seg_test/seg_test")]
)
def test_merges_splits(tmp_path: Path, first: str, second: str) -> None:
    paths = [f"{first}/glass/1.jpg", f"{first}/metal/1.jpg", f"{second}/glass/1.JPG"]
    root = plant(tmp_path / "in", *paths, f"{second}/glass/2.jpg")
    split = [Path(first).name, Path(second).name]
    assert fetched(root) == {
        "glass/2.jpg": f"picture {second}/glass/2.jpg",
        f"glass/{split[0]}-1.jpg": f"picture {paths[0]}",
        f"glass/{split[1]}-1.JPG": f"picture {paths[2]}",
        "metal/1.jpg": f"picture {paths[1]}",
    }


def test_a_prefixed_name_never_meets_another(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", "train/glass/1.jpg", "test/glass/1.jpg", "train/metal/1.jpg")
    plant(root, "test/glass/train-1.jpg")
    got = fetched(root)
    assert got["glass/train-1.jpg"] == "picture test/glass/train-1.jpg"
    assert got["glass/train-1-2.jpg"] == "picture train/glass/1.jpg"


def test_takes_a_collection_that_is_there_twice_once(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", "xray/train/glass/a.jpg", "xray/train/metal/b.jpg")
    plant(root, "xray/test/glass/c.jpg", "xray/test/metal/d.jpg")
    for path in list(root.glob("xray/*/*/*.jpg")):
        copy = root / "xray" / path.relative_to(root)
        copy.parent.mkdir(parents=True)
        copy.write_bytes(path.read_bytes())
    assert list(fetched(root)) == ["glass/a.jpg", "glass/c.jpg", "metal/b.jpg", "metal/d.jpg"]


def test_equal_names_and_sizes_are_no_copy(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *(f"red/{path}" for path in TWO), *(f"dry/{p}" for p in TWO))
    refused(root, "'red/glass'", "'dry/metal'", "side by side")


@pytest.mark.parametrize("stray", ["stray.jpg", "else/where/c.jpg"])
def test_lists_what_it_found_where_classes_are_unclear(tmp_path: Path, stray: str) -> None:
    root = plant(tmp_path / "in", *TWO, stray)
    refused(root, '"glass": "glass"', '"metal": "metal"', f"'{Path(stray).parent}'")


def test_picks_and_renames_classes(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *TWO, "green/a.jpg", "green/z.jpg", "paper/c.jpg", "stray.jpg")
    got = fetched(root, {"glass": "bottle", "green": "bottle", "metal": "can"})
    assert got == {
        "bottle/glass-a.jpg": "picture glass/a.jpg",
        "bottle/green-a.jpg": "picture green/a.jpg",
        "bottle/z.jpg": "picture green/z.jpg",
        "can/b.jpg": "picture metal/b.jpg",
    }


def test_names_split_and_folder_where_both_differ(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", "train/x/1.jpg", "test/y/1.jpg", "test/z/2.jpg")
    got = fetched(root, {"x": "one", "y": "one", "z": "two"})
    assert list(got) == ["one/test-y-1.jpg", "one/train-x-1.jpg", "two/2.jpg"]


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ({}, ["fetch.classes", "{}"]),
        ({"glas": "a", "metal": "b"}, ["'glas'", "Did you mean 'glass'?", "'metal'"]),
        ({"glass": "", "metal": "b"}, ["'glass'", "Received: ''"]),
        ({"glass": "a/b", "metal": "b"}, ["'a/b'"]),
        ({"glass": "a\\b", "metal": "b"}, ["'a\\\\b'"]),
        ({"glass": "..", "metal": "b"}, ["'..'"]),
        ({"glass": "a\nb", "metal": "b"}, ["'a\\nb'"]),
        ({"glass": "a", "metal": "A"}, ["'A'", "'a'", "case"]),
        ({"glass": "a", "metal": "a"}, ["two", "'a'"]),
        ({"glass": "a", "none": "b"}, ["'none'", "no pictures"]),
    ],
)
def test_refuses_a_choice(tmp_path: Path, classes: dict[str, str], words: list[str]) -> None:
    refused(plant(tmp_path / "in", *TWO, "none/"), *words, classes=classes)


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["list.txt"], ["no pictures"]),
        (["a.jpg"], ["'.'", "one folder a class"]),
        (["glass/a.jpg"], ["At least two", "'glass'"]),
        ([*TWO, "paper/"], ["'paper'", "no pictures", "fetch.classes"]),
        ([*TWO, "paper/.DS_Store"], ["'paper'"]),
        ([*TWO, "paper/a.jp2"], ["'paper'"]),
        ([*TWO, "Glass/c.jpg"], ["'Glass'", "'glass'", "case"]),
        ([*TWO, "glass/A.jpg"], ["'glass/A.jpg'", "'glass/a.jpg'", "case"]),
        ([*TWO, "glass/new\nline.jpg"], ["'new\\nline.jpg'", "Rename"]),
        ([*TWO, "tab\t/a.jpg"], ["'tab\\t'", "Rename"]),
        ([*TWO, "glass/\udcff.jpg"], ["UTF-8", "'\\udcff.jpg'"]),
    ],
)
def test_refuses_a_folder(tmp_path: Path, paths: list[str], words: list[str]) -> None:
    refused(plant(tmp_path / "in", *paths), *words)


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_refuses_twins_in_unicode_form(tmp_path: Path, kind: str) -> None:
    composed, apart = (unicodedata.normalize(form, "möbel") for form in ("NFC", "NFD"))
    where = {"folder": "{}/a.jpg", "file": "glass/{}.jpg"}[kind]
    refused(plant(tmp_path / "in", *TWO, where.format(composed), where.format(apart)), "Unicode")


def test_an_empty_class_folder_may_be_left_out(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *TWO, "paper/")
    assert list(fetched(root, {"glass": "glass", "metal": "metal"})) == list(TWO)


def test_spaces_and_umlauts_are_kept_composed(tmp_path: Path) -> None:
    names = (unicodedata.normalize("NFD", name) for name in ("Öl Flasche/ä b.jpg", "metal/ü.jpg"))
    got = fetched(plant(tmp_path / "in", *names))
    assert list(got) == ["metal/ü.jpg", "Öl Flasche/ä b.jpg"]


def test_refuses_what_is_no_plain_file(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *TWO)
    os.mkfifo(root / "glass/pipe.jpg")
    with pytest.raises(CantingError, match="not a regular file"):
        fetch(
            Fetch(source=str(root), classes=None, digest=None),
            tmp_path / "raw",
            tmp_path / "digests.csv",
            Means(tmp_path / "cache"),
        )


def test_refuses_a_link_to_nothing_and_a_loop(tmp_path: Path) -> None:
    root = plant(tmp_path / "in", *TWO)
    (root / "glass/gone.jpg").symlink_to(tmp_path / "nowhere")
    refused(root, "gone.jpg", "dvc pull")
    (root / "glass/gone.jpg").unlink()
    (root / "glass/loop").symlink_to(root)
    refused(root, "glass/loop", "link")
    (root / "glass/loop").unlink()
    (root / "glass/there").symlink_to(root / "metal")
    (root / "metal/back").symlink_to(root / "glass")
    with pytest.raises(CantingError, match=r"there/back` is a link to a folder that contains it"):
        Folder(root)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("data", ["dvc pull", "make repro"]),
        ("pictures", ["'pictures'", "Check the path"]),
        ("~nobody-of-this-name/pictures", ["Check the path"]),
        ("a" * 300, ["Check the path"]),
        ("nul\0byte", [r"'nul\x00byte'"]),
        ("https://www.kaggle.com/datasets/o/s", ["kaggle:owner/slug"]),
    ],
)
def test_an_absent_source_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CantingError) as caught:
        fetch(Fetch(source=source, classes=None, digest=None), Path("raw"), Path("digests.csv"))
    assert all(word in str(caught.value) for word in words)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("source", [".", "build", "build/raw", "build/raw/glass"])
def test_never_writes_into_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    plant(tmp_path / "build/raw", *TWO)
    monkeypatch.chdir(tmp_path)
    section = Fetch(source=source, classes=None, digest=None)
    with pytest.raises(CantingError, match="must be outside of"):
        fetch(section, Path("build/raw"), Path("build/digests.csv"))
    assert list(written(tmp_path / "build/raw")) == list(TWO)
