"""Ctrl+C, a closed pipe and a full disk: one line, the right exit code, never a traceback."""

import errno
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from canting.core.errors import ending, no_room
from tests.conftest import ROOT, slow
from tests.ending_run import MAIN, canting, interrupted, said, small_files, unmeasured, unread
from tests.service_fixtures import bundle
from tests.test_validate.folder import fetched

__all__ = ["bundle"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two classes of forty pictures, ready for `stages/validate.py`."""
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    (tmp_path / "dvc.yaml").touch()
    rng = np.random.default_rng(4)
    for number in range(80):
        folder = tmp_path / "build" / "raw" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        blocks = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8))
        blocks.resize((64, 64)).save(folder / f"{number}.png")
    fetched(tmp_path / "build" / "raw")
    return tmp_path


@pytest.mark.parametrize(("word", "code"), [("--help", 0), ("study", 141), *slow(("doctor", 141))])
def test_a_closed_pipe_ends_a_command_without_a_word(word: str, code: int) -> None:
    """Argparse gives its help up by itself; `doctor` ends by `sys.exit`, with words unwritten."""
    told = unread(word)
    assert (told.returncode, told.stderr) == (code, "")


def test_a_closed_pipe_ends_predictions(bundle: Path, project: Path) -> None:
    told = unread("predict", project / "build" / "raw" / "a", "--bundle", bundle)
    assert told.returncode == 141
    assert told.stderr.startswith("40 predicted")
    assert len(told.stderr.splitlines()) == 1


def test_ctrl_c_ends_a_command_in_one_line(tmp_path: Path) -> None:
    code, told = interrupted([*MAIN, "paint", "pictures"], tmp_path, said("paint:"))
    assert code == 130
    assert "canting paint: interrupted." in told.splitlines()
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_ends_a_stage_in_one_line(project: Path) -> None:
    line = [sys.executable, str(ROOT / "stages" / "validate.py")]
    code, told = interrupted(line, project, said("near-duplicates"))
    assert code == 130
    assert told.splitlines()[-1].startswith("validate: interrupted. No output was damaged")
    assert "Traceback" not in told
    assert sorted(path.name for path in project.iterdir()) == [
        ".canting", "build", "dvc.yaml", "params.yaml"
    ]  # fmt: skip


@pytest.mark.parametrize("module", ["canting.config.stage", "canting.cli.main"])
def test_ctrl_c_during_the_imports_is_one_line(module: str, tmp_path: Path) -> None:
    """The module is imported while `pydantic` or `argparse` presses Ctrl+C."""
    for name in ("pydantic", "argparse"):
        (tmp_path / f"{name}.py").write_text("raise KeyboardInterrupt")
    line = [sys.executable, "-c", f"import {module}"]
    told = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (130, "interrupted.\n")


def test_a_full_disk_ends_a_command_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        told = canting("study", stdout=full)
    assert told.returncode == 1
    assert told.stderr == (
        "canting study: the disk is full. Free some space, then run again; no output was damaged.\n"
    )


@pytest.mark.parametrize("kind", ["csv", *slow("json", "parquet")])
def test_a_file_that_may_not_grow_ends_a_command_in_one_line(
    kind: str, bundle: Path, project: Path
) -> None:
    words = ("predict", "build/raw/a", "--bundle", bundle, "--out", f"out.{kind}")
    told = canting(*words, cwd=project, preexec_fn=small_files, env=unmeasured())
    assert told.returncode == 1
    _, line = told.stderr.splitlines()  # the first says how many were predicted
    assert line.startswith(f"canting predict: `--out out.{kind}` cannot be written: File too large")
    assert not (project / f"out.{kind}").exists()


def test_a_file_that_may_not_be_used_is_named() -> None:
    with pytest.raises(SystemExit) as caught, ending("fetch"):
        raise PermissionError(errno.EACCES, "Permission denied", "build/raw")
    assert str(caught.value) == (
        "fetch: `build/raw` cannot be used: Permission denied. Make it readable and writable, then "
        "run again; no output was damaged."
    )
    with pytest.raises(PermissionError), ending("fetch"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_errors_without_a_number_are_understood() -> None:
    full = no_room(OSError(errno.ENOSPC, "No space left on device"))
    with Path("/dev/full").open("wb", buffering=0) as file, pytest.raises(OSError) as caught:  # noqa: PT011
        np.arange(9**6).tofile(file)
    assert no_room(caught.value) == full
    assert "quota" in (no_room(OSError(errno.EDQUOT, "Disk quota exceeded")) or "")
    assert no_room(PermissionError(errno.EACCES, "Permission denied")) is None
