"""`canting doctor` on faults of real DVC repositories: the command that it names fixes them."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from canting.cli.doctor import experiments, locks
from canting.cli.doctor.finding import Finding
from tests import dvc_called
from tests.conftest import slow

DVC = str(Path(sys.executable).parent / "dvc")
PIPELINE = """
stages:
  wait:
    cmd: sleep ${seconds} && echo ${seconds} > out
    params: [seconds]
    outs: [out]
"""
PATIENCE = 30


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A DVC repository of one stage, run once; nothing of it is left running."""
    tmp_path = tmp_path_factory.mktemp("repository")
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "params.yaml").write_text("seconds: 0\n")
    git(tmp_path, "init", "-q")
    dvc_called.dvc(tmp_path, "init", "-q")
    dvc_called.dvc(tmp_path, "repro", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "state")
    yield tmp_path
    for process in psutil.process_iter():
        if inside(process, tmp_path):
            process.kill()


def inside(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.cwd().startswith(str(folder)) or str(folder) in " ".join(process.cmdline())
    except psutil.Error:
        return False


def git(folder: Path, *command: str) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *who, *command], cwd=folder, check=True)


def dvc(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([DVC, *command], cwd=folder, capture_output=True, text=True, check=False)


def fix(folder: Path, findings: list[Finding]) -> None:
    """Run the commands that a user is told to run."""
    bad = [finding for finding in findings if finding.level == "fix"]
    assert bad
    for finding in bad:
        assert finding.command
        command = shlex.split(finding.command)
        command[0] = DVC if command[0] == "dvc" else command[0]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    "content",
    [
        *slow(
            '{"write": ',
            "[]",
            '{"write": {"out": 3}}',
            '{"read": {"out": [{"pid": 1}]}}',
            '{"x": {}}',
        ),
    ],
)
def test_a_damaged_rwlock_stops_dvc_and_is_fixed(repository: Path, content: str) -> None:
    assert all(one.level == "fine" for one in locks.locks(repository))
    (repository / ".dvc" / "tmp" / "rwlock").write_text(content)
    failed = dvc(repository, "repro")
    assert failed.returncode != 0
    assert "RWLock" in failed.stderr
    fix(repository, list(locks.locks(repository)))
    assert all(one.level == "fine" for one in locks.locks(repository))


def test_dvc_runs_again(repository: Path) -> None:
    assert dvc_called.dvc(repository, "repro").returncode == 0


@pytest.mark.slow
def test_a_hard_lock_of_a_dead_process_stops_dvc_and_is_fixed(repository: Path) -> None:
    dvc(repository, "config", "core.hardlink_lock", "true")
    (repository / ".dvc" / "tmp" / "lock").unlink()
    (repository / ".dvc" / "tmp" / "rwlock.lock").unlink()
    code = "from dvc.repo import Repo; Repo().lock.lock(); print(flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code], cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout
    holder.stdout.readline()
    assert all(one.level == "fine" for one in locks.locks(repository))
    holder.kill()
    holder.communicate()
    assert "Unable to acquire lock" in dvc(repository, "repro").stderr
    fix(repository, list(locks.locks(repository)))
    assert dvc(repository, "repro").returncode == 0
    dvc(repository, "config", "core.hardlink_lock", "false")


def test_a_command_that_is_running_is_named_and_not_to_be_fixed(repository: Path) -> None:
    command = [DVC, "repro"]
    (repository / "params.yaml").write_text("seconds: 30\n")
    running = subprocess.Popen(command, cwd=repository, stdout=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE
    while not (found := [one for one in locks.locks(repository) if one.level == "note"]):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert f"process {running.pid}" in found[0].told
    running.kill()
    running.wait()
    (repository / "params.yaml").write_text("seconds: 0\n")
    assert all(one.level == "fine" for one in locks.locks(repository))


@pytest.mark.slow
def test_a_dead_task_and_a_dead_worker_of_the_queue_are_fixed(repository: Path) -> None:
    assert list(experiments.experiments(repository)) == []
    for name in ("first", "second"):
        dvc(repository, "exp", "run", "--queue", "-S", f"seconds={90 + len(name)}", "-n", name)
    (idle,) = experiments.experiments(repository)
    assert (idle.level, idle.command) == ("note", "dvc queue start")
    subprocess.run([DVC, "queue", "start"], cwd=repository, check=True, stdout=subprocess.DEVNULL)
    queue = repository / ".dvc" / "tmp" / "exps"
    end = time.monotonic() + PATIENCE
    while not (tasks := list(queue.glob("run/*/*.json"))):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert not any(one.level == "fix" for one in experiments.experiments(repository))
    worker = queue / "celery" / "dvc-exp-worker-1.json"
    for path in (worker, tasks[0]):
        os.kill(json.loads(path.read_text())["pid"], signal.SIGKILL)
    end = time.monotonic() + PATIENCE
    while len(found := list(experiments.experiments(repository))) < 2:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert [one.level for one in found] == ["fix", "fix"]
    fix(repository, found)
    end = time.monotonic() + PATIENCE
    while len(running(queue)) == 0:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert running(queue) != [tasks[0].stem]
    assert not any(one.level == "fix" for one in experiments.experiments(repository))


def running(queue: Path) -> list[str]:
    contents = {path.stem: json.loads(path.read_text()) for path in queue.glob("run/*/*.json")}
    return [name for name, content in contents.items() if content["returncode"] is None]
