"""`canting doctor cluster`: what it says of an address, a storage and the nodes."""

import json
import os
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from canting.cli.doctor import cluster as doctor
from canting.cli.doctor import installed
from canting.cli.doctor.finding import Finding
from tests.conftest import ROOT, in_time
from tests.ray_nodes import cluster, free_port

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: make cluster")


def asked(folder: Path, **compute: object) -> list[Finding]:
    """Return what is said of a `params.yaml` with these keys of `compute`."""
    (folder / "params.yaml").write_text(json.dumps({"compute": compute}))
    return list(doctor.cluster(folder))


def test_one_machine_is_one_fine_line(tmp_path: Path) -> None:
    for keys in ({}, {"engine": "local"}, {"engine": "local", "address": "10.0.0.1:6379"}):
        (found,) = asked(tmp_path, **keys)
        assert (found.level, found.told) == (
            "fine",
            "work is done on this machine: `compute.engine` is `local`",
        )
    (found,) = doctor.cluster(tmp_path / "elsewhere")
    assert found.level == "fine"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"engine": "ray", "storage": "/x"}, "`compute.address`: expected the head of a Ray"),
        ({"engine": "ray", "address": "10.0.0.1:6379"}, "`compute.storage`: expected a folder"),
        ({"engine": "ray", "address": "10.0.0.1"}, "`compute.address`: expected the head of a Ray"),
        ({"engine": "dask"}, "`compute.engine`: expected one of"),
        ({"engine": "local", "storage": "s3://me:secret@host/x"}, "without credentials"),
    ],
)
def test_keys_that_are_missing_or_wrong_are_told(
    tmp_path: Path, keys: dict[str, str], told: str
) -> None:
    (found,) = asked(tmp_path, **keys)
    assert found.level == "fix"
    assert told in found.told
    assert "\n" not in found.told


def test_a_storage_is_written_read_and_left_empty(tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    (found,) = asked(tmp_path, engine="local", storage=str(storage))
    assert found.level == "fine"
    assert found.told == (
        f"`compute.storage: {storage}`: a token was written, read and removed from here"
    )
    assert [path for path in storage.rglob("*") if path.is_file()] == []


def test_a_storage_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (found,) = asked(tmp_path, engine="local", storage=str(tmp_path / "file" / "storage"))
    assert found.level == "fix"
    assert "that can be read and written" in found.told
    assert "NotADirectoryError" in found.told or "FileExistsError" in found.told
    (found,) = asked(tmp_path, engine="local", storage="no-such-scheme://x")
    assert found.level == "fix"
    assert "no-such-scheme" in found.told


def test_a_silent_storage_keeps_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real S3 client, and a server that takes connections and never answers."""
    monkeypatch.setattr(doctor, "PATIENCE", 1.0)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hidden")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{mute.getsockname()[1]}")
        with in_time():
            (found,) = asked(tmp_path, engine="local", storage="s3://bucket/canting")
    assert found.level == "fix"
    assert "`compute.storage: s3://bucket/canting`: no answer within 1 seconds" in found.told
    assert "hidden" not in found.told


def test_ray_that_is_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda _: None)
    keys = {"engine": "ray", "address": f"127.0.0.1:{free_port()}"}
    storage, ray = asked(tmp_path, **keys, storage=str(tmp_path / "storage"))
    assert storage.level == "fine"
    assert (ray.level, ray.command) == ("fix", "make cluster")


@needs_ray
def test_an_address_that_does_not_answer_is_told(tmp_path: Path) -> None:
    keys = {"engine": "ray", "address": f"127.0.0.1:{free_port()}"}
    with in_time():
        storage, address = asked(tmp_path, **keys, storage=str(tmp_path / "storage"))
    assert storage.level == "fine"
    assert (address.level, address.command) == ("fix", "ray start --head --port=6379")
    assert f"none answers at {keys['address']}" in address.told


def test_the_extra_is_told_with_its_own_command(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[project.optional-dependencies]\ncluster = ['no-such-thing>=1']\n"
    )
    (found,) = (one for one in installed.extras(tmp_path) if one.level != "fine")
    assert (found.level, found.command) == ("note", "make cluster")
    assert "`cluster`" in found.told


def test_packages_are_those_of_the_lock_of_a_cluster(tmp_path: Path) -> None:
    (tmp_path / "requirements-cluster.txt").write_text("ray==0.1\nnumpy==0.1\n")
    found = list(installed.packages(tmp_path))
    if find_spec("ray") is None:
        assert found == []
    else:
        assert [(one.level, one.command) for one in found] == [("fix", "make cluster")]
        assert "ray " in found[0].told


def command(folder: Path, **environment: str) -> list[dict[str, str]]:
    """Run the command in a process of its own, as Ray connects once in each."""
    code = "from canting.cli.main import main; main()"
    told = subprocess.run(
        [sys.executable, "-c", code, "doctor", "cluster", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
    )
    assert told.stdout, told.stderr
    found: list[dict[str, str]] = json.loads(told.stdout)
    assert told.returncode == any(one["level"] == "fix" for one in found)
    return found


@pytest.mark.slow
@needs_ray
def test_nodes_are_told_one_by_one(tmp_path: Path) -> None:
    """One that is as this machine; one with other code and no sight of the storage; a stranger."""
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}
    other = tmp_path / "other" / "canting"
    other.parent.mkdir()
    subprocess.run(["cp", "-r", str(ROOT / "src" / "canting"), str(other)], check=True)
    (other / "new.py").write_text('"""Another state."""\n')
    with cluster(0) as nodes:
        nodes.start(**token)
        keys = {"engine": "ray", "address": nodes.address, "storage": str(tmp_path / "storage")}
        (tmp_path / "dvc.yaml").touch()
        (tmp_path / "params.yaml").write_text(json.dumps({"compute": keys}))
        storage, address, node = command(tmp_path, **token)
        assert [storage["level"], address["level"], node["level"]] == ["fine"] * 3
        assert address["told"] == f"`compute.address: {nodes.address}` answers: 1 nodes, 1 cores"
        assert f"{socket.gethostname()}, 1 cores, Python, packages and code as here" in node["told"]

        nodes.start(**token, PYTHONPATH=f"{other.parent}{os.pathsep}{ROOT}")
        found = command(tmp_path, **token)
        (wrong,) = (one for one in found if one["level"] == "fix")
        assert "another state of canting's code" in wrong["told"]
        assert wrong["command"].startswith("git pull && make cluster")
        assert sum(one["told"].startswith("node ") for one in found) == 2

        refused = command(tmp_path, HOME=str(tmp_path))
        assert [one["level"] for one in refused] == ["fine", "fix"]
        assert "RAY_AUTH_MODE=token" in refused[1]["told"]
        assert token["RAY_AUTH_TOKEN"] not in json.dumps(refused)
    assert [path for path in (tmp_path / "storage").rglob("*") if path.is_file()] == []
