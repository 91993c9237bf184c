"""Files that are whole or absent, and what a stage does around its work."""

from pathlib import Path

import pytest

from canting.config.stage import stage
from canting.core import files, parallel
from canting.core.errors import CantingError
from tests.conftest import ROOT


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), files.replacing(tmp_path / "a.txt") as aside:
        aside.write_text("half")
        raise RuntimeError
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with files.replacing(tmp_path / "folder") as aside:
            aside.mkdir()
            (aside / name).write_text(name)
    assert names(tmp_path / "folder") == ["two"]
    with pytest.raises(FileNotFoundError), files.replacing(tmp_path / "folder"):
        pass
    assert names(tmp_path / "folder") == ["two"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".a.txt.aside-x1"
    left.mkdir()
    (tmp_path / ".b.txt.aside-x2").mkdir()
    files.write_text(tmp_path / "a.txt", "new")
    assert names(tmp_path) == [".b.txt.aside-x2", "a.txt"]


def test_json_refuses_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "a.json", {"score": float("nan")})
    assert names(tmp_path) == []


def test_results_come_in_the_order_of_the_tasks() -> None:
    assert list(parallel.run(str, range(50), label="test")) == [str(one) for one in range(50)]


def test_a_full_disk_and_a_users_error_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit, match="train: the disk is full"), stage("train"):
        Path("/dev/full").write_text("anything")
    with pytest.raises(SystemExit, match="train: no such thing"), stage("train"):
        raise CantingError("no such thing")
    with pytest.raises(PermissionError), stage("train"):
        raise PermissionError
