"""What `canting doctor` advises on a low disk, followed to the letter in a real repository."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

from canting.cli.doctor import leftovers
from canting.data import manifest
from tests.dvc_called import dvc
from tests.test_clean import fill, params, state
from tests.test_clean import manifest as pictures
from tests.test_doctor_dvc import DVC, git

PIPELINE = """
stages:
  fetch: {cmd: echo fetched > fetched, params: [fetch], outs: [fetched]}
  validate: {cmd: echo validated > validated, params: [validate], outs: [validated]}
  train: {cmd: 'echo ${seed} > out', params: [seed], outs: [out]}
"""
COMMITTED, OTHER, TAGGED, EXPERIMENT, NEVER, WORKSPACE = range(11, 17)
"""Seeds, each of which has an output of its own."""


class Disk(NamedTuple):
    """What `shutil.disk_usage` returns, as far as it is read."""

    free: int


def seed(folder: Path, number: int) -> None:
    yaml = YAML()
    content = yaml.load(folder / "params.yaml")
    content["seed"] = number
    yaml.dump(content, folder / "params.yaml")


def run(folder: Path, number: int) -> None:
    seed(folder, number)
    assert dvc(folder, "repro", "-q").returncode == 0


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "state")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with outputs of commits, a tag, an experiment, the workspace, and of nothing."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / ".canting").mkdir()
    (folder / "cache").symlink_to(".canting")
    fill(params(folder), folder)
    others: dict[str, Any] = {
        "width": 32,
        "height": 32,
        "mode": "RGB",
        "format": "JPEG",
        "bytes": 1,
        "error": None,
        "warning": "",
        "brightness": 120.0,
        "contrast": 40.0,
        "sharpness": 900.0,
        "near_duplicate": 0,
        "collection": "data",
        "split": "",
    }
    manifest.write(folder / "build" / "manifest.parquet", pictures().assign(**others))
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / ".gitignore").write_text("/.canting\n/build\n/cache\n/features*\n")
    git(folder, "init", "-q", "-b", "main")
    dvc(folder, "init", "-q")
    dvc(folder, "remote", "add", "-q", "-d", "store", str(tmp_path / "remote"))
    run(folder, COMMITTED)
    commit(folder)
    assert dvc(folder, "push", "-q").returncode == 0
    git(folder, "checkout", "-q", "-b", "other")
    run(folder, OTHER)
    commit(folder)
    run(folder, TAGGED)
    commit(folder)
    git(folder, "tag", "v1")
    git(folder, "reset", "-q", "--hard", "HEAD~1")
    assert dvc(folder, "exp", "run", "-q", "-S", f"seed={EXPERIMENT}").returncode == 0
    git(folder, "checkout", "-q", "--force", "main")
    run(folder, NEVER)
    run(folder, WORKSPACE)
    return folder


def kept(folder: Path) -> set[int]:
    """Return the seeds whose outputs DVC's cache holds."""
    objects = [path for path in (folder / ".dvc/cache/files").rglob("*") if path.is_file()]
    texts = [path.read_text().strip() for path in objects]
    return {int(text) for text in texts if text.isdecimal()}


def follow(folder: Path, command: str) -> str:
    """Run a command of the advice as a person would, who says yes to questions."""
    environment = f"PATH={Path(DVC).parent}:$PATH"
    canting = (
        f"canting() {{ {sys.executable} -c 'from canting.cli.main import main; main()' \"$@\"; }}"
    )
    return subprocess.run(
        ["bash", "-c", f"{environment}; {canting}; {command}"],
        cwd=folder,
        input="y\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.parametrize(("free", "level"), [(0, "fix"), (leftovers.GIB, "note")])
def test_every_step_says_what_it_loses(
    free: int, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(free))
    first, *steps = leftovers.disk(tmp_path)
    assert first.command is None
    assert {one.level for one in (first, *steps)} == {level}
    for number, one in enumerate(steps, 1):
        assert one.told.startswith(f"step {number} loses")
        assert one.command
        assert not {"rm", "--force", "-f", "--workspace"} & set(one.command.split())


@pytest.mark.slow
def test_the_steps_lose_what_they_say_and_nothing_else(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(0))
    clean, collect, fetched = (one.command for one in leftovers.disk(repository) if one.command)
    every = {COMMITTED, OTHER, TAGGED, EXPERIMENT, NEVER, WORKSPACE}
    assert kept(repository) == every
    half = state(params(repository, seed=NEVER), repository)
    seed(repository, WORKSPACE)
    trained = set((repository / ".canting" / "train").glob("*.npz"))
    assert "Removed." in follow(repository, str(clean))
    assert half.is_file()
    assert trained
    assert not any(path.exists() for path in trained)
    assert kept(repository) == every
    follow(repository, str(collect))
    assert kept(repository) == every - {NEVER}
    follow(repository, str(fetched))
    assert kept(repository) == every - {NEVER, COMMITTED}
    git(repository, "checkout", "-q", "--force", "main")
    assert dvc(repository, "pull", "-q", "train").returncode == 0
    assert (repository / "out").read_text() == f"{COMMITTED}\n"
