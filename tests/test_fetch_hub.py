"""A data set of Hugging Face: what is downloaded, kept and read, by its own client."""

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from canting.core.errors import CantingError
from canting.data.fetch.source import Means, opened
from tests.hub_server import FIRST, QUICK, SECOND, SOURCE, Hub, refused, run, serving

FOLDERS = {
    ".gitattributes": b"*.jpg filter=lfs",
    "README.md": b"# Batik",
    "load.py": b"raise SystemExit('run')",
    "model.safetensors": bytes(5000),
    "train/kawung/1.jpg": b"one" * 1000,
    "train/kawung/2.jpg": b"small",
    "train/parang/1 a.jpg": b"three" * 1000,
    "test/kawung/9.jpg": b"nine" * 1000,
    "test/parang/9.jpg": b"",
}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with serving(dict(FOLDERS), tmp_path) as server:
        yield server


def written(here: Path) -> dict[str, bytes]:
    raw = here / "build/raw"
    return {p.relative_to(raw).as_posix(): p.read_bytes() for p in raw.glob("*/*")}


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names:
            file.writestr(name, name.encode() * 200)
    return packed.getvalue()


def test_takes_folders_of_pictures_and_nothing_else(hub: Hub, tmp_path: Path) -> None:
    assert run(tmp_path).pictures == {"kawung": 3, "parang": 2}
    assert written(tmp_path)["kawung/1.jpg"] == b"one" * 1000
    assert written(tmp_path)["kawung/2.jpg"] == b"small"
    assert written(tmp_path)["parang/1 a.jpg"] == b"three" * 1000
    assert written(tmp_path)["parang/9.jpg"] == b""
    assert not [path for path in hub.asked("/resolve/") if "jpg" not in path]
    assert not list(tmp_path.rglob("load.py"))
    agents = {headers["user-agent"] for _, headers in hub.requests}
    assert len(agents) == 1
    assert agents.pop().startswith("canting/")


def test_the_list_comes_in_pages(hub: Hub, tmp_path: Path) -> None:
    hub.page = 2
    assert run(tmp_path).pictures == {"kawung": 3, "parang": 2}
    assert len(hub.asked("/tree/")) == 5


@pytest.mark.usefixtures("hub")
def test_says_its_revision_and_what_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(SOURCE, Means(tmp_path, QUICK)) as source:
        assert getattr(source, "revision") == FIRST  # noqa: B009
        others = getattr(source, "others")  # noqa: B009
    assert sorted(map(str, others)) == ["load.py", "model.safetensors"]
    assert f"{SOURCE} is at revision {FIRST}" in capsys.readouterr().out


def test_what_has_arrived_is_not_downloaded_twice(hub: Hub, tmp_path: Path) -> None:
    result = run(tmp_path)
    count = len(hub.requests)
    assert run(tmp_path) == result
    assert [path for path, _ in hub.requests[count:]] == ["/api/datasets/owner/batik"]


def test_a_commit_that_is_kept_needs_no_network(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"{SOURCE}@{FIRST}"
    result = run(tmp_path, source)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    count = len(hub.requests)
    assert run(tmp_path, source) == result
    assert len(hub.requests) == count


def test_a_branch_is_resolved_at_each_fetch(hub: Hub, tmp_path: Path) -> None:
    source = f"{SOURCE}@refs/pr/1"
    hub.branches["refs/pr/1"] = FIRST
    run(tmp_path, source)
    assert hub.asked("revision") == ["/api/datasets/owner/batik/revision/refs%2Fpr%2F1"]
    hub.commits[SECOND] = {**FOLDERS, "train/parang/new.jpg": b"new" * 1000}
    hub.branches["refs/pr/1"] = SECOND
    count = len(hub.requests)
    assert run(tmp_path, source).pictures == {"kawung": 3, "parang": 3}
    later = [path for path, _ in hub.requests[count:] if "resolve" in path]
    assert later == [f"/datasets/owner/batik/resolve/{SECOND}/train/parang/new.jpg"]
    assert run(tmp_path, f"{SOURCE}@{FIRST}").pictures == {"kawung": 3, "parang": 2}


def test_sends_the_token_to_the_hub_alone(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    run(tmp_path)
    sent = {path: headers.get("authorization") for path, headers in hub.requests}
    assert {value for path, value in sent.items() if "/cdn/" not in path} == {"Bearer hf_secret"}
    assert {value for path, value in sent.items() if "/cdn/" in path} == {None}


def test_takes_the_folder_that_is_named(hub: Hub, tmp_path: Path) -> None:
    assert run(tmp_path, f"{SOURCE}/train").pictures == {"kawung": 2, "parang": 1}
    assert not hub.asked("9.jpg")
    refused(tmp_path / "x", "'trai'", "'test'", "'train'", source=f"{SOURCE}/trai")


def test_takes_one_archive(hub: Hub, tmp_path: Path) -> None:
    hub.commits[FIRST] = {
        "README.md": b"#",
        "data/all.zip": zipped("a/1.jpg", "a/2.jpg", "b/1.jpg"),
    }
    assert run(tmp_path).pictures == {"a": 2, "b": 1}
    assert hub.asked("/cdn/") == [f"/cdn/{FIRST}/data/all.zip"]


def test_takes_an_archive_for_each_split(hub: Hub, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as file:
        for name in ("a/3.jpg", "b/4.jpg"):
            entry = tarfile.TarInfo(name)
            entry.size = 4
            file.addfile(entry, io.BytesIO(b"test"))
    hub.commits[FIRST] = {
        "data/train.zip": zipped("a/1.jpg", "b/2.jpg"),
        "data/test.tar.gz": packed.getvalue(),
    }
    assert run(tmp_path).pictures == {"a": 2, "b": 2}
    assert written(tmp_path)["b/4.jpg"] == b"test"
    with opened(SOURCE, Means(tmp_path / ".canting", QUICK)) as source:
        names = sorted(map(str, source.pictures))
    assert names == [
        "data/test/a/3.jpg",
        "data/test/b/4.jpg",
        "data/train/a/1.jpg",
        "data/train/b/2.jpg",
    ]
    assert run(tmp_path, f"{SOURCE}/data/train.zip").pictures == {"a": 1, "b": 1}


def test_a_hostile_archive_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.commits[FIRST] = {"all.zip": zipped("a/1.jpg", "../../evil.jpg")}
    refused(tmp_path, "leaves its folder", f"{SOURCE}: all.zip")
    assert not list(tmp_path.rglob("evil.jpg"))


def test_a_path_that_leaves_its_folder_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.commits[FIRST] = {"../../../../evil.jpg": b"x", "a/1.jpg": b"y"}
    refused(tmp_path, "leaves its folder")
    assert not list(tmp_path.rglob("*.jpg"))


def test_two_kinds_of_files_are_refused_with_a_way_out(hub: Hub, tmp_path: Path) -> None:
    hub.commits[FIRST]["more/all.zip"] = zipped("kawung/1.jpg", "parang/1.jpg")
    said = refused(tmp_path, "pictures (5: ", "archives (1: 'more/all.zip')")
    assert "hf:owner/batik/FOLDER" in said
    assert run(tmp_path, f"{SOURCE}/more").pictures == {"kawung": 1, "parang": 1}


def test_no_pictures_are_refused_with_a_way_out(hub: Hub, tmp_path: Path) -> None:
    hub.commits[FIRST] = {"load.py": b"x", "labels.csv": b"y", "README.md": b"#"}
    advice = "hf:owner/batik@refs/convert/parquet"
    refused(tmp_path, "other files (1: 'load.py')", "tables (1: 'labels.csv')", advice)


def test_an_empty_repository_and_a_single_picture_are_refused(hub: Hub, tmp_path: Path) -> None:
    refused(tmp_path, "names one picture", source=f"{SOURCE}/train/kawung/1.jpg")
    hub.commits[SECOND] = {}
    refused(tmp_path, "Received: no file", source=f"{SOURCE}@{SECOND}")


def test_a_data_set_that_was_renamed_is_found(hub: Hub, tmp_path: Path) -> None:
    assert run(tmp_path, "hf:old/batik").pictures == {"kawung": 3, "parang": 2}
    assert hub.asked("/old/batik/resolve/")


def test_tables_come_with_the_pictures(hub: Hub, tmp_path: Path) -> None:
    hub.commits[FIRST]["labels.csv"] = b"path,label"
    run(tmp_path)
    assert [path.read_bytes() for path in tmp_path.rglob("labels.csv")] == [b"path,label"]


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "batik",
        "owner/",
        "/batik",
        "owner/batik@",
        "owner/batik/",
        "owner/batik@main?columns:label",
        "owner/batik?label:",
        "owner/ba tik",
        "ö/batik",
        "owner/batik--x",
        "-owner/batik",
        "owner/../x",
        "owner/batik@main\n",
    ],
)
def test_a_malformed_source_is_named(hub: Hub, tmp_path: Path, rest: str) -> None:
    refused(tmp_path, "hf:owner/name@revision", repr("hf:" + rest), source=f"hf:{rest}")
    assert not hub.requests


def test_an_address_of_the_hub_is_told_how_to_write_it() -> None:
    with (
        pytest.raises(CantingError, match="is written hf:owner/name"),
        opened("https://huggingface.co/datasets/owner/batik", Means()),
    ):
        pytest.fail("an address was opened")
