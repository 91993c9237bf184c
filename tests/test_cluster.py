"""The Ray engine on real clusters of this machine: what one machine makes, and every fault told."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import s3fs
from PIL import Image

from canting.core import files
from canting.models.backbones.weight_files import filename
from tests.conftest import ROOT, in_time
from tests.ray_nodes import RayNodes, cluster, free_port
from tests.service_fixtures import bundles

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: make cluster"),
]
MINUTES = 600.0


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


def wait(run: "subprocess.Popen[str]", seconds: float = MINUTES) -> str:
    out, _ = run.communicate(timeout=seconds)
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
    until(lambda: len(list(storage.glob("parts/*.npz"))) > 1)
    nodes.kill(1)
    nodes.start()
    until(lambda: any(storage.glob("train/*.npz")))
    nodes.kill(1)
    told = wait(run)
    assert run.returncode == 0, (tmp_path / "stderr").read_text()
    assert told == "4 8 2\n"
    same(tmp_path, alone)
    assert len(list(storage.glob("train/*.npz"))) == 8
    assert not list(storage.glob("parts/*")) + list(storage.glob("pictures/*"))
    assert len(list(storage.glob("tables/*"))) <= 2
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
    assert wait(run) == "0 8 2\n"
    same(there, alone)
    seconds = [path.read_bytes() for path in sorted((there / "cache" / "train").glob("*.npz"))]
    assert seconds == [path.read_bytes() for path in sorted((storage / "train").glob("*.npz"))]
    assert before == {path: path.stat().st_mtime_ns for path in storage.rglob("*.npz")}


def test_two_runs_of_a_study_share_nodes_and_storage(
    nodes: RayNodes, alone: Path, tmp_path: Path
) -> None:
    """Ray lets the first one have most of the nodes until it has no more tasks."""
    storage, folders = tmp_path / "storage", [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    runs = [started(folder, nodes.address, storage) for folder in folders]
    for folder, run in zip(folders, runs, strict=True):
        assert wait(run, 2 * MINUTES).endswith(" 8 2\n"), (folder / "stderr").read_text()
        same(folder, alone)
    assert not list(storage.glob("parts/*")) + list(storage.glob("pictures/*"))


def test_a_damaged_file_of_the_storage_is_removed_and_made_again(
    alone: Path, tmp_path: Path
) -> None:
    storage, here, damaged = tmp_path / "storage", alone.parent / "cache", []
    for folder in ("features", "train"):
        shutil.copytree(here / folder, storage / folder)
        damaged.append(next(storage.glob(f"{folder}/*.np[yz]")))
        damaged[-1].write_bytes(damaged[-1].read_bytes()[:300])
    assert wait(started(tmp_path, "", storage)) == "1 8 2\n"
    warned = (tmp_path / "stderr").read_text()
    for path in damaged:
        assert f"{path.parent.name}/{path.name}` is damaged and is made again" in warned
        assert not path.exists()
    shutil.rmtree(tmp_path / "cache" / "train")
    assert wait(started(tmp_path, "", storage)) == "0 8 2\n"
    same(tmp_path, alone)
    whole = {path.name for path in storage.glob("features/*.npy")}
    linked = [
        path for path in (tmp_path / "cache" / "features").glob("*.npy") if path.name in whole
    ]
    assert len(linked) == 3
    assert all(path.samefile(storage / "features" / path.name) for path in linked)


def test_a_cluster_that_goes_away_is_told_and_one_machine_goes_on(
    alone: Path, tmp_path: Path
) -> None:
    storage = tmp_path / "storage"
    with cluster(1) as one:
        run = started(tmp_path, one.address, storage)
        until(lambda: any(storage.glob("train/*.npz")))
        one.end()
        with in_time(180):
            wait(run)
    assert run.returncode == 1
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
        assert not list(storage.glob("parts/*"))
    finally:
        nodes.kill(-1)
        time.sleep(1)


def test_a_task_that_fails_three_times_is_named_with_its_node(
    nodes: RayNodes, tmp_path: Path
) -> None:
    run = started(tmp_path, nodes.address, tmp_path / "storage", FAILS="1")
    wait(run)
    assert run.returncode == 1
    told = (tmp_path / "stderr").read_text().splitlines()[-1]
    assert re.search(
        r"failed 3 times, the last time on node \S+ \([\d.]+\) with ValueError: no", told
    )
    assert (tmp_path / "tries").read_text() == "tried tried tried "


def test_weights_that_a_node_lacks_are_named(nodes: RayNodes, tmp_path: Path) -> None:
    """They are here, in a folder that no node was told of."""
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / filename("mobilenet_v2")).write_bytes(b"weights of this machine")
    there = {"CANTING_WEIGHTS": str(weights)}
    run = started(tmp_path, nodes.address, tmp_path / "storage", WEIGHTS="mobilenet_v2", **there)
    wait(run)
    assert run.returncode == 1
    told = (tmp_path / "stderr").read_text().splitlines()[-1]
    assert "expected nodes that have what this machine has" in told
    assert told.count(files.sha256(weights / filename("mobilenet_v2"))) >= 2


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    """Yield the environment for a real S3 server that has a bucket; its keys are nobody's."""
    port = free_port()
    server = [str(Path(sys.executable).with_name("moto_server")), "-H127.0.0.1", f"-p{port}"]
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIAUNSEEN",
        "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-may-see",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with subprocess.Popen(server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        until(lambda: _listens(port))
        with pytest.MonkeyPatch.context() as patch:
            for key, value in environment.items():
                patch.setenv(key, value)
            s3fs.S3FileSystem(skip_instance_cache=True).mkdir("shared")
        yield environment
        run.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_on_s3_and_credentials_are_nowhere(
    bucket: dict[str, str], alone: Path, tmp_path: Path
) -> None:
    """A node without credentials is named before any work; with them, all is as on one machine."""
    with cluster(0) as one:
        one.start(**bucket)
        one.start()
        run = started(tmp_path, one.address, "s3://shared/canting", **bucket)
        wait(run)
        told = (tmp_path / "stderr").read_text()
        assert run.returncode == 1
        assert told.count("`compute.storage` is not the one that is seen here") == 1
        one.kill(-1)
        one.start(**bucket)
        assert wait(started(tmp_path, one.address, "s3://shared/canting", **bucket)) == "4 8 2\n"
        told += (tmp_path / "stderr").read_text()
        for path in (*one.folder.rglob("*"), *tmp_path.rglob("*")):
            if path.is_file() and b"a-secret-that" in path.read_bytes():
                pytest.fail(f"{path} holds a secret")
    same(tmp_path, alone)
    assert "a-secret" not in told
    assert not list((tmp_path / "cache").rglob("parts/*"))


def test_predictions_of_a_cluster_are_those_of_one_machine(
    nodes: RayNodes, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    generator = np.random.default_rng(1)
    for number in range(600):
        pixels = generator.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03d}.png")
    command = [str(Path(sys.executable).with_name("canting")), "predict", "pictures"]
    command += ["--bundle", str(bundles(pytestconfig) / "best"), "--out"]
    subprocess.run([*command, "here.csv"], cwd=tmp_path, check=True, capture_output=True)
    given = ["--address", nodes.address, "--storage", str(tmp_path / "storage")]
    subprocess.run([*command, "there.csv", *given], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert len((tmp_path / "here.csv").read_text().splitlines()) == 601
    assert not list((tmp_path / "storage").rglob("predict/*"))


def test_an_address_that_does_not_answer_is_one_error(tmp_path: Path) -> None:
    """None listens there, or something else than Ray does."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        for port in (free_port(), mute.getsockname()[1]):
            with in_time(180):  # imports and the trunk included
                run = started(tmp_path, f"127.0.0.1:{port}", tmp_path / "storage")
                wait(run)
            told = (tmp_path / "stderr").read_text().splitlines()
            assert run.returncode == 1
            assert [line for line in told if "expected the head of a Ray cluster" in line]
