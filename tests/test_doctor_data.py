"""`canting doctor` on git and on the pictures: each fault is named, and its command heals it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from canting.cli.doctor import data, repository
from canting.cli.doctor.examination import examine
from canting.cli.doctor.experiments import experiments
from canting.core.errors import CantingError
from tests.conftest import ROOT, slow
from tests.dvc_called import dvc

BIN = Path(sys.executable).parent
WHO = {
    f"GIT_{role}_{what}": "a@example.org"
    for role in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


def shell(folder: Path, command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as it is printed."""
    environment = {**os.environ, **WHO, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two pictures in `embedded/`, as this one has them."""
    folder = tmp_path_factory.mktemp("original")
    shell(folder, "git init --quiet")
    dvc(folder, "init", "-q")
    dvc(folder, "remote", "add", "-q", "-d", "embedded", str(folder / "embedded"))
    (folder / ".dvc" / "config").write_text(
        "[core]\n    remote = embedded\n['remote \"embedded\"']\n    url = ../embedded\n"
    )
    for name in ("a", "b"):
        (folder / "data" / name).mkdir(parents=True)
        (folder / "data" / name / "1.jpg").write_text(name)
    assert dvc(folder, "add", "-q", "data").returncode == 0
    assert dvc(folder, "push", "-q").returncode == 0
    for name in ("Makefile", "dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, folder / name)
    assert shell(folder, "git add --all && git commit --quiet --message one").returncode == 0
    return folder


@pytest.fixture
def clone(original: Path, tmp_path: Path) -> Path:
    shell(tmp_path, f"git clone --quiet {original} clone")
    return tmp_path / "clone"


def no_store(folder: Path) -> None:
    shutil.rmtree(folder / "embedded")


def no_file(folder: Path) -> None:
    listing = next((folder / "embedded").rglob("*.dir"))
    first = json.loads(listing.read_text())[0]["md5"]
    (folder / "embedded" / "files" / "md5" / first[:2] / first[2:]).unlink()


def no_listing(folder: Path) -> None:
    next((folder / "embedded").rglob("*.dir")).unlink()


def no_config(folder: Path) -> None:
    (folder / ".dvc" / "config").unlink()


def no_git(folder: Path) -> None:
    shutil.rmtree(folder / ".git")


def no_pictures(_: Path) -> None:
    pass


CASES: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "store": (no_store, "data", "missing, and so is what DVC takes them from: `embedded/`"),
    "file": (no_file, "data", "1 of 2 files in `embedded/`"),
    "listing": (no_listing, "data", "the list of the pictures, `embedded/files/md5/"),
    "config": (no_config, "data", "`.dvc/config`"),
    "git": (no_git, "git", "no git repository is here"),
    "nothing": (no_pictures, "data", "the pictures in `data/` are missing"),
}


QUICK = ("git", "nothing")
"""Cases that every run of the tests takes."""


@pytest.mark.parametrize(
    "name", [one for name in CASES for one in ([name] if name in QUICK else slow(name))]
)
def test_what_stops_the_pictures_is_named_and_healed(name: str, clone: Path) -> None:
    breaking, subject, words = CASES[name]
    breaking(clone)
    assert name == "nothing" or dvc(clone, "pull", "--quiet", "data.dvc").returncode != 0
    checks = {"data": data.pictures, "git": repository.repository}
    (found,) = checks[subject](clone)
    assert found.level == "fix"
    assert words in found.told
    assert found.command is not None
    assert shell(clone, found.command).returncode == 0
    assert shell(clone, "dvc pull --quiet data.dvc").returncode == 0
    assert [one.level for check in checks.values() for one in check(clone)] == ["fine", "fine"]


@pytest.mark.slow
def test_own_pictures_are_taken(clone: Path) -> None:
    (clone / "data" / "mine").mkdir(parents=True)
    (clone / "data" / "mine" / "1.jpg").write_text("mine")
    assert dvc(clone, "pull", "--quiet", "data.dvc").returncode != 0
    (found,) = data.pictures(clone)
    assert found.command == "dvc add data"
    assert shell(clone, found.command).returncode == 0
    assert dvc(clone, "pull", "--quiet", "data.dvc").returncode == 0
    assert [one.level for one in data.pictures(clone)] == ["fine"]
    assert (clone / "data" / "mine" / "1.jpg").read_text() == "mine"


@pytest.mark.slow
def test_own_pictures_are_given_up(clone: Path) -> None:
    (clone / "data").mkdir()
    (clone / "data" / "1.jpg").write_text("mine")
    (found,) = data.pictures(clone)
    command = found.told.split("`")[-2]
    assert shell(clone, command).returncode == 0
    assert [one.level for one in data.pictures(clone)] == ["fine"]


def test_a_branch_without_a_commit_is_named_and_healed(clone: Path) -> None:
    shutil.rmtree(clone / ".git")
    shell(clone, "git init --quiet")
    (found,) = repository.repository(clone)
    assert (found.level, "no commit yet" in found.told) == ("fix", True)
    assert shell(clone, found.command or "").returncode == 0
    assert [one.level for one in repository.repository(clone)] == ["fine"]


def test_git_that_is_not_there_or_does_not_work_is_named(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clone / ".git" / "HEAD").write_text("nonsense")
    (broken,) = repository.repository(clone)
    assert broken.told.startswith("git does not work here: fatal: not a git repository")
    monkeypatch.setenv("PATH", "")
    (missing,) = repository.repository(clone)
    assert missing.told.startswith("git is not installed")


@pytest.mark.slow
def test_make_data_says_why(clone: Path) -> None:
    no_git(clone)
    told = shell(clone, "make -o .venv/ready data")
    assert told.returncode == 2
    lines = told.stderr.splitlines()
    assert lines[0] == "The pictures of data.dvc cannot be brought:"
    assert lines[1].startswith("fix   git          no git repository is here")
    assert lines[2].strip().startswith("→ git init")
    shell(clone, lines[2].strip().removeprefix("→ "))
    assert shell(clone, "make -o .venv/ready data").returncode == 0
    assert (clone / "data" / "a" / "1.jpg").is_file()


def test_failed_experiments_of_the_queue_are_told_with_their_log(tmp_path: Path) -> None:
    for name, code in (("a" * 40, 255), ("b" * 40, 0)):
        folder = tmp_path / ".dvc" / "tmp" / "exps" / "run" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.json").write_text(json.dumps({"pid": 1, "returncode": code}))
    (found,) = experiments(tmp_path)
    assert (found.level, found.command) == ("note", "dvc queue logs aaaaaaa")
    assert found.told == "experiment aaaaaaa of the queue failed, with exit code 255"


def test_subjects_are_picked(clone: Path) -> None:
    assert {one.subject for one in examine(clone, ["git", "data"])} == {"git", "data"}
    with pytest.raises(
        CantingError, match=r"expected subjects among cluster, data, device.*: dtaa"
    ):
        examine(clone, ["dtaa"])
