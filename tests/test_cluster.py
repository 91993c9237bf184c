"""The Ray engine on real clusters of this machine: what one machine makes, and every fault told."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from canting.core import files
from tests.conftest import ROOT
from tests.ray_nodes import RayNodes, cluster, free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: make cluster"),
]
MINUTES = 300.0


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayNodes]:
    """Yield three nodes; a test that kills one starts another."""
    with cluster() as one:
        yield one


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tables of one machine."""
    folder = tmp_path_factory.mktemp("alone")
    done = wait(started(folder))
    assert done.endswith("4 8 2\n"), done
    return folder / "tables"


def started(folder: Path, *asked: object, **environment: str) -> "subprocess.Popen[str]":
    """Start a small study that uses the address and the storage that are given."""
    with (folder / "stderr").open("w") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.ray_run", str(folder), *map(str, asked)],
            env={**os.environ, **environment},
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )


def wait(run: "subprocess.Popen[str]") -> str:
    out, _ = run.communicate(timeout=MINUTES)
    return out


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + MINUTES
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def same(folder: Path, alone: Path) -> None:
    names = sorted(path.name for path in alone.iterdir())
    assert names == sorted(path.name for path in (folder / "tables").iterdir())
    for name in names:
        assert (folder / "tables" / name).read_bytes() == (alone / name).read_bytes(), name


def test_two_nodes_that_die_change_nothing(nodes: RayNodes, alone: Path, tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    run = started(tmp_path, nodes.address, storage)
    until(lambda: len(list(storage.glob("parts/*/*.npz"))) > 1)
    nodes.kill(1)
    nodes.start()
    until(lambda: any(storage.glob("train/*.npz")))
    nodes.kill(1)
    told = wait(run)
    assert run.returncode == 0, (tmp_path / "stderr").read_text()
    assert told == "4 8 2\n"
    same(tmp_path, alone)
    assert len(list(storage.glob("train/*.npz"))) == 8
    assert not list(storage.glob("parts/*/*")) + list(storage.glob("pictures/*"))
    nodes.start()


def test_what_the_storage_holds_is_not_done_again(
    nodes: RayNodes, alone: Path, tmp_path: Path
) -> None:
    """On a cluster or on one machine, whichever did it."""
    storage = tmp_path / "storage"
    assert wait(started(tmp_path, nodes.address, storage)) == "4 8 2\n"
    before = {path: path.stat().st_mtime_ns for path in storage.rglob("*.npz")}
    there = tmp_path / "there"
    there.mkdir()
    run = started(there, "", storage)
    assert wait(run) == "4 8 2\n"
    same(there, alone)
    seconds = [path.read_bytes() for path in sorted((there / "cache" / "train").glob("*.npz"))]
    assert seconds == [path.read_bytes() for path in sorted((storage / "train").glob("*.npz"))]
    assert before == {path: path.stat().st_mtime_ns for path in storage.rglob("*.npz")}


def test_a_cluster_that_goes_away_is_told_and_one_machine_goes_on(
    alone: Path, tmp_path: Path
) -> None:
    storage = tmp_path / "storage"
    with cluster(1) as one:
        run = started(tmp_path, one.address, storage)
        until(lambda: any(storage.glob("train/*.npz")))
        one.end()
        start = time.monotonic()
        wait(run)
    assert run.returncode == 1
    assert time.monotonic() - start < 40
    told = (tmp_path / "stderr").read_text().splitlines()[-1]
    assert told.startswith(f"ray_run: `compute.address: {one.address}`: the cluster does not ans")
    kept = {path.name: path.stat().st_ino for path in storage.glob("train/*.npz")}
    assert wait(started(tmp_path, "", storage)) == "0 8 2\n"
    same(tmp_path, alone)
    for name, inode in kept.items():
        assert (tmp_path / "cache" / "train" / name).stat().st_ino == inode


def test_nodes_that_differ_are_named_before_any_work(nodes: RayNodes, tmp_path: Path) -> None:
    """One with another canting, which sees no storage either."""
    other = tmp_path / "src" / "canting"
    shutil.copytree(ROOT / "src" / "canting", other)
    files.write_text(other / "new.py", '"""Another state."""\n')
    nodes.start(PYTHONPATH=f"{other.parent}{os.pathsep}{ROOT}")
    try:
        storage = tmp_path / "storage"
        run = started(tmp_path, nodes.address, storage)
        wait(run)
        assert run.returncode == 1
        told = (tmp_path / "stderr").read_text().splitlines()[-1]
        assert "expected nodes that have what this machine has" in told
        assert told.count("another state of canting's code") == 1
        assert not list(storage.glob("parts/*/*"))
    finally:
        nodes.kill(-1)
        time.sleep(1)


def test_an_address_that_does_not_answer_is_one_error(tmp_path: Path) -> None:
    """None listens there, or something else than Ray does."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        for port in (free_port(), mute.getsockname()[1]):
            start = time.monotonic()
            run = started(tmp_path, f"127.0.0.1:{port}", tmp_path / "storage")
            wait(run)
            told = (tmp_path / "stderr").read_text().splitlines()
            assert run.returncode == 1
            assert time.monotonic() - start < 30  # imports and the trunk included
            assert [line for line in told if "expected the head of a Ray cluster" in line]
