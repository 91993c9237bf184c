"""Folders of a node: two runs do the same task there at a time, and a killed one leaves nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from canting.core import files
from canting.core.cluster import scratch
from canting.core.cluster.portable import Changing, Need
from canting.core.cluster.storage import Storage
from tests.conftest import ROOT

TASKS = """
import sys
from pathlib import Path
from canting.core.cluster import scratch
from canting.core.cluster.portable import Need
from canting.core.cluster.storage import Storage
node, storage = Path(sys.argv[1]), Storage(sys.argv[2])
names = {"pictures/a": False, "trunks/b": True}
needs = [Need(name, Path(), name, stays) for name, stays in names.items()]
print("in", flush=True)
for number in range(200):
    with scratch.own(node):
        for need in needs:
            scratch.give(storage, need, node)
        assert [Path(need.place).read_text() for need in needs] == ["pictures", "trunk"]
        Path("parts").mkdir()
        Path("parts/c").write_text("part")
        if sys.argv[3:]:
            print("half", flush=True)
            sys.stdin.read()
        storage.put(Path("parts/c"), "parts/c")
"""


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    files.write_text(tmp_path / "storage" / "pictures" / "a", "pictures")
    files.write_text(tmp_path / "storage" / "trunks" / "b", "trunk")
    return Storage(str(tmp_path / "storage"))


def tasks(node: Path, storage: Storage, *how: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", TASKS, str(node), storage.address, *how]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    run = subprocess.Popen(command, cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload]
    assert run.stdout.readline() == "in\n"
    return run  # type: ignore[no-any-return]


def test_two_processes_do_the_same_task_at_a_time(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(scratch.SCRATCH, str(tmp_path))
    node = scratch.folder("node")
    runs = [tasks(node, storage) for _ in range(2)]
    for run in runs:
        _, told = run.communicate(timeout=100)
        assert run.returncode == 0, told
    left = {path.relative_to(node).as_posix() for path in node.rglob("*") if path.is_file()}
    assert left == {"trunks/b", "trunks/.b.lock"}
    assert (tmp_path / "storage" / "parts" / "c").read_text() == "part"


def test_what_a_killed_task_left_goes_with_the_next_one_and_that_of_a_living_one_stays(
    storage: Storage, tmp_path: Path
) -> None:
    node = tmp_path / "node"
    node.mkdir()
    living, killed = (tasks(node, storage, "wait") for _ in range(2))
    for run in (living, killed):
        assert run.stdout is not None
        assert run.stdout.readline() == "half\n"
    assert len(list(node.glob("task-*/parts/c"))) == 2
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    before = Path.cwd()
    with scratch.own(node):
        assert {path.name for path in node.glob("task-*")} == {
            f"task-{number}" for number in (living.pid, os.getpid())
        }
    os.chdir(before)
    living.kill()
    living.communicate()


def test_trials_that_change_are_not_kept_for_other_tasks(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    node, name = tmp_path / "node", Changing("tune/trials")
    need = Need(name, Path(), name, stays=False)
    for content in ("one", "two"):
        files.write_text(tmp_path / "given", content)
        storage.put(tmp_path / "given", name)
        scratch.give(storage, need, node)
        assert Path(name).read_text() == content
    assert not node.exists()
