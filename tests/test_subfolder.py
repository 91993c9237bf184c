"""Commands from a subfolder of the project: its own files are found, the user's are where he is."""

import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from canting.cli.main import COMMANDS, parser, project
from tests.conftest import ROOT, slow
from tests.ending_run import canting
from tests.service_fixtures import bundle

__all__ = ["bundle"]

BELOW = ROOT / "docs" / "reference"


@pytest.fixture
def below(tmp_path: Path) -> Path:
    """Return an empty folder of a project, that holds a database and a folder of the same names."""
    folder = tmp_path / "project" / "a" / "b"
    folder.mkdir(parents=True)
    for name in ("dvc.yaml", "params.yaml"):
        (tmp_path / "project" / name).write_text((ROOT / name).read_text())
    return folder


def test_the_nearest_folder_with_both_files_is_the_project(below: Path, tmp_path: Path) -> None:
    root = tmp_path / "project"
    assert project(below) == project(root) == root
    assert project(tmp_path) is None
    (below / "dvc.yaml").touch()
    assert project(below) == root
    (below / "params.yaml").touch()
    assert project(below) == below


def words_of(told: str) -> list[list[str]]:
    """Return its lines without widths of columns, nor what changes meanwhile: the free space."""
    return [re.sub(r"[0-9.]+ GiB are free", "free", line).split() for line in told.splitlines()]


@pytest.mark.parametrize("words", [["study"], *slow(["show"], ["doctor", "--json"])])
def test_a_command_finds_what_the_project_holds(words: list[str]) -> None:
    there, here = canting(*words, cwd=BELOW), canting(*words, cwd=ROOT)
    named = here.stdout.replace("studies/", "../../studies/") if words == ["study"] else here.stdout
    assert words_of(there.stdout) == words_of(named)
    assert there.returncode == here.returncode
    assert len(words_of(named)) > 1


@pytest.mark.parametrize("words", [["tune"], *slow(["clean"], ["promote", "--rollback"])])
def test_a_command_that_finds_nothing_names_the_project(words: list[str], below: Path) -> None:
    told = canting(*words, cwd=below)
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    assert f"canting {words[0]} (in {below.parents[1]}): " in told.stderr


def test_a_study_is_named_from_where_the_user_is(below: Path) -> None:
    (below / "mine.yaml").write_text("optimizer: nadm")
    told = canting("study", "mine.yaml", cwd=below)
    assert told.returncode == 1
    assert "nadam" in told.stderr
    assert "dvc.yaml" not in told.stderr


def test_predictions_stay_where_the_user_is(bundle: Path, below: Path) -> None:
    Image.new("RGB", (80, 80), "red").save(below / "red.png")
    (below.parents[1] / "build").mkdir()
    (below.parents[1] / "build" / "best").symlink_to(bundle)
    told = canting("predict", "red.png", "--out", "found.csv", cwd=below)
    assert told.returncode == 0, told.stderr
    assert (below / "found.csv").read_text().splitlines()[1].startswith("red.png,kawung,")
    named = canting("predict", "red.png", "--bundle", "../../build/best", cwd=below)
    assert named.stdout.splitlines()[1].startswith("red.png,kawung,")


@pytest.mark.slow
def test_a_history_is_the_project_s_or_named_from_where_the_user_is(below: Path) -> None:
    missing = canting("history", "check", cwd=below)
    assert missing.returncode == 1
    assert "`history/history.db` is not there" in missing.stderr
    named = canting("history", "check", "--history", "sqlite:///mine.db", cwd=below)
    assert f"`{below}/mine.db` is not there" in named.stderr
    absolute = canting("drift", "--history", f"sqlite:///{below}/mine.db", cwd=below.parent)
    assert f"`{below}/mine.db` is not there" in absolute.stderr


@pytest.mark.slow
def test_paintings_go_where_the_user_is_and_replace_nothing(below: Path) -> None:
    (below / "painted").touch()
    told = canting("paint", "painted", cwd=below)
    assert told.returncode == 1
    assert "`painted`: expected a name that is free, or an empty folder. Received: a file" in (
        told.stderr
    )
    assert "Received: a folder with files in it" in canting("paint", below, cwd=below).stderr


@pytest.mark.slow
def test_runs_are_found_from_the_project_or_from_where_the_user_is(below: Path) -> None:
    (below / "run").mkdir()
    (below / "run" / "params.yaml").touch()
    told = canting("compare", "nothing", "run", cwd=below)
    assert f"canting compare (in {below.parents[1]}): expected `.`, a revision" in told.stderr
    told = canting("compare", "run", "run", cwd=below)
    assert f"{below / 'run'}: expected results" in told.stderr


def test_a_bundle_to_serve_is_named_from_where_the_user_is(below: Path) -> None:
    told = canting("serve", "--bundle", "mine", cwd=below)
    assert f"`{below}/mine`: expected the folder of a trained model" in told.stderr
    told = canting("serve", cwd=below)
    assert "`build/best`: expected the folder of a trained model" in told.stderr


def test_what_a_page_is_made_with_is_named_from_where_the_user_is(below: Path) -> None:
    told = canting("page", "out", "--node-modules", "mine", cwd=below)
    assert f"`{below}/mine`: expected LiteRT.js" in told.stderr
    (below / "file").touch()
    told = canting("page", "file", cwd=below)
    assert f"`{below}/file`: expected a name that is free" in told.stderr
    told = canting("page", cwd=below)
    assert "`web/node_modules`: expected LiteRT.js" in told.stderr


def test_outside_a_project_commands_say_so_or_need_none(tmp_path: Path) -> None:
    free = {"predict", "serve", "page", "history", "drift", "paint", "push", "pull"}
    known = parser()
    for command in COMMANDS:
        name = command.__name__.removeprefix("canting.cli.").removesuffix(".command")
        words = {name: ["x"] for name in ("predict", "paint", "compare", "push", "pull")}
        words |= {"history": ["check"], "export": ["--format", "onnx"]}
        arguments = known.parse_args([name, *words.get(name, [])])
        assert (arguments.project != "needed") == (name in free), name
    told = canting("show", cwd=tmp_path)
    assert told.returncode == 1
    assert told.stderr == (
        "canting show: expected a folder of a project, with `dvc.yaml` and `params.yaml` in it or "
        f"above it. Received: `{tmp_path}`. Go to your clone of the repository (`cd`), and run it "
        "there.\n"
    )
    told = canting("predict", "x.png", cwd=tmp_path)
    assert "`x.png`: expected a file, a folder or a pattern" in told.stderr
    assert isinstance(told, subprocess.CompletedProcess)
