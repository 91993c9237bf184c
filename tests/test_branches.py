"""`git checkout BRANCH` brings the outputs of its last run, and `dvc repro` runs nothing again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, slow
from tests.dvc_called import dvc
from tests.test_doctor_data import shell

STAGES = """stages:
  make:
    cmd: mkdir -p build && cp params.yaml build/made.txt && echo run >> runs.txt
    params: [number]
    outs: [{build/made.txt: {persist: true}}]
"""
HOOK = ".git/hooks/post-checkout"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as this one: outputs that persist, two branches, each with its run."""
    folder = tmp_path_factory.mktemp("branches")
    shell(folder, "git init --quiet --initial-branch main")
    dvc(folder, "init", "-q")
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    (folder / "dvc.yaml").write_text(STAGES)
    (folder / ".gitignore").write_text("/build\n/runs.txt\n")
    for branch, number in (("main", 1), ("other", 2)):
        shell(folder, f"git checkout --quiet -b {branch}")
        (folder / "params.yaml").write_text(f"number: {number}\n")
        assert dvc(folder, "repro", "-q").returncode == 0
        told = shell(folder, "git add --all && git commit --quiet --message run")
        assert told.returncode == 0, told.stderr
    assert runs(folder) == 2
    return folder


@pytest.fixture
def project(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "project", symlinks=True))


def runs(folder: Path) -> int:
    return len((folder / "runs.txt").read_text().splitlines())


def made(folder: Path) -> str:
    return (folder / "build" / "made.txt").read_text()


def test_without_the_hook_a_branch_is_run_again(project: Path) -> None:
    """Its outputs persist, so that DVC takes nothing from its run cache."""
    assert shell(project, "git checkout main").returncode == 0
    assert made(project) == "number: 2\n"
    dvc(project, "repro", "-q")
    assert runs(project) == 3


def test_with_the_hook_nothing_is_run_again(project: Path) -> None:
    assert "a hook brings build/ of the branch" in shell(project, ".ci/install-hook").stderr
    assert shell(project, ".ci/install-hook").stderr == ""
    told = shell(project, "git checkout --quiet main")
    assert told.returncode == 0
    assert told.stderr == (
        "canting: build/ and data/ are those of this branch's last run (dvc checkout).\n"
    )
    assert made(project) == "number: 1\n"
    dvc(project, "repro", "-q")
    assert runs(project) == 2
    assert shell(project, "git checkout --quiet -b third").stderr == ""
    assert shell(project, "git checkout --quiet -- params.yaml").stderr == ""


def test_what_is_in_no_cache_is_kept_and_the_checkout_does_not_fail(project: Path) -> None:
    shell(project, ".ci/install-hook")
    (project / "build" / "made.txt").unlink()
    (project / "build" / "made.txt").write_text("my own")
    told = shell(project, "git checkout --quiet main")
    assert told.returncode == 0
    assert "`dvc repro` makes build/ again" in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert made(project) == "my own"
    dvc(project, "repro", "-q")
    assert made(project) == "number: 1\n"


def own_hook(folder: Path) -> None:
    (folder / HOOK).write_text("#!/bin/sh\necho mine\n")


def own_folder(folder: Path) -> None:
    shell(folder, "git config core.hooksPath hooks")


@pytest.mark.parametrize("own", [own_hook, *slow(own_folder)])
def test_own_hooks_stay_and_their_owner_is_told(own: Callable[[Path], None], project: Path) -> None:
    own(project)
    before = sorted((project / ".git" / "hooks").iterdir())
    told = shell(project, ".ci/install-hook")
    assert (told.returncode, len(told.stderr.splitlines())) == (0, 1)
    assert sorted((project / ".git" / "hooks").iterdir()) == before
    assert not (project / "hooks").exists()
    if own is own_hook:
        assert (project / HOOK).read_text() == "#!/bin/sh\necho mine\n"
    line = told.stderr.strip().rpartition("run: ")[2]
    hook = project / ("hooks/post-checkout" if own is own_folder else HOOK)
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{line}\n")  # what the message says
    hook.chmod(0o755)
    assert "this branch's last run" in shell(project, "git checkout --quiet main").stderr
    assert made(project) == "number: 1\n"


def test_an_older_hook_of_ours_is_renewed(project: Path) -> None:
    (project / HOOK).write_text("#!/bin/sh\n# canting: an older one\n")
    shell(project, ".ci/install-hook")
    assert (project / HOOK).read_text() == (ROOT / ".ci" / "post-checkout").read_text()


def test_a_worktree_shares_the_hook_and_is_left_alone_at_first(project: Path) -> None:
    shell(project, "git worktree add --quiet ../tree main")
    tree = project.parent / "tree"
    assert shell(tree, ".ci/install-hook").returncode == 0
    assert (project / HOOK).is_file()
    told = shell(project, "git worktree add --quiet ../second -b second")
    assert (told.returncode, told.stderr) == (0, "")


def test_without_git_nothing_is_installed(project: Path) -> None:
    shutil.rmtree(project / ".git")
    told = shell(project, ".ci/install-hook")
    assert (told.returncode, told.stderr) == (0, "")
