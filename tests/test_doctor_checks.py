"""`canting doctor` on what is missing, stale or unreachable."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path

import pytest

from canting.cli.doctor import data, examination, installed, leftovers, servers, state
from canting.cli.doctor.finding import Finding
from canting.core.files import replacing
from tests.conftest import ROOT, in_time
from tests.dvc_called import dvc


def only(findings: Iterator[Finding], level: str) -> list[Finding]:
    return [finding for finding in findings if finding.level == level]


def test_a_package_of_another_version_is_named(tmp_path: Path) -> None:
    lock = (
        "numpy==0.1 \\\n    --hash=sha256:00\nno-such-thing==1.0\npip==0 ; python_version < '3'\n"
    )
    (tmp_path / "requirements.txt").write_text(lock)
    (found,) = installed.packages(tmp_path)
    assert found.level == "fix"
    assert f"numpy {metadata.version('numpy')} (not ==0.1)" in found.told
    assert "no-such-thing" not in found.told
    (tmp_path / "requirements.txt").write_text(f"numpy=={metadata.version('numpy')}\n")
    assert [one.level for one in installed.packages(tmp_path)] == ["fine"]
    assert list(installed.packages(tmp_path / "elsewhere")) == []


def test_extras_and_python_are_told() -> None:
    assert [one.level for one in installed.python(ROOT)] == ["fine"]
    told = [one.told for one in installed.extras(ROOT)]
    assert len(told) == len(installed.EXTRAS) - 1
    assert any("`train`" in line for line in told)
    assert any("`cpu`" in line for line in told)
    assert not any("`gpu`" in line for line in told)


def test_an_extra_that_lacks_a_package_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[project.optional-dependencies]\nserve = ['pillow', 'no-such-thing>=1']\ntrack = ['numpy']"
    )
    missing = only(installed.extras(tmp_path), "note")
    assert [one.told for one in missing] == ["`serve` (the service) is missing no-such-thing"]


@pytest.mark.parametrize("end", ["aside-x1234_67", "0123abcd"])
def test_a_leftover_is_named_once_it_is_old_and_its_command_removes_it(
    end: str, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "build" / "a file.csv") as aside:
        aside.write_text("half")
        shutil.copytree(aside.parent, tmp_path / "kept")
        raise KeyboardInterrupt
    left = tmp_path / "build" / f".a file.csv.{end}"
    (tmp_path / "kept").rename(left)
    assert [one.level for one in leftovers.leftovers(tmp_path)] == ["fine"]
    hours_ago = time.time() - 2 * leftovers.OLD
    os.utime(left, (hours_ago, hours_ago))
    (found,) = leftovers.leftovers(tmp_path)
    assert found.command
    subprocess.run(found.command, shell=True, cwd=tmp_path, check=True)
    assert not left.exists()
    assert [one.level for one in leftovers.leftovers(tmp_path)] == ["fine"]


def test_added_pictures_are_told(tmp_path: Path) -> None:
    (tmp_path / "data.dvc").write_text("outs:\n- {path: data, nfiles: 2}\n")
    (tmp_path / "data").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "data" / name).touch()
    assert [one.level for one in data.pictures(tmp_path)] == ["fine"]
    (tmp_path / "data" / "c.jpg").touch()
    assert [one.command for one in data.pictures(tmp_path)] == ["dvc add data"]


def test_weights_that_are_not_here_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANTING_WEIGHTS", str(tmp_path))
    (tmp_path / "params.yaml").write_text("backbone: [vgg19, efficientnet_lite0]\n")
    (missing,) = only(data.weights(tmp_path), "note")
    assert "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5" in str(missing.command)
    (tmp_path / "vgg19_imagenet_notop.weights.h5").touch()
    assert only(data.weights(tmp_path), "note") == []


def project(folder: Path) -> Path:
    """Copy what `dvc.lock` speaks of, in its present state."""
    for name in ("results", "src", "stages"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dvc.lock", "params.yaml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.slow
def test_changed_results_code_and_parameters_are_told(tmp_path: Path) -> None:
    folder = project(tmp_path)
    before = {one.told for one in state.results(folder)}
    (folder / "src" / "canting" / "documents" / "report" / "new.py").write_text("ANSWER = 42\n")
    (note,) = only(state.results(folder), "note")
    assert "report" in note.told
    params = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(params.replace("min_side: 32", "min_side: 33"))
    (note,) = only(state.results(folder), "note")
    assert "validate" in note.told
    metrics = folder / "results" / "evaluate" / "metrics.json"
    metrics.write_text(metrics.read_text() + " ")
    (bad,) = only(state.results(folder), "fix")
    assert "results/evaluate/metrics.json" in bad.told
    assert before != {one.told for one in state.results(folder)}


def test_a_damaged_or_absent_lock_is_told(tmp_path: Path) -> None:
    (absent,) = state.results(tmp_path)
    assert (absent.level, absent.command) == ("note", "make repro")
    (tmp_path / "dvc.lock").write_text("stages: {a: [\n<<<<<<< ours\n")
    (damaged,) = state.results(tmp_path)
    assert (damaged.level, damaged.command) == ("fix", "git checkout -- dvc.lock")


def test_the_digest_is_that_of_dvc(tmp_path: Path) -> None:
    (tmp_path / "folder" / "__pycache__").mkdir(parents=True)
    (tmp_path / "folder" / "__pycache__" / "x.pyc").write_bytes(b"1")
    (tmp_path / "folder" / "b").write_text("b")
    (tmp_path / "folder" / "a").write_text("a")
    (tmp_path / ".dvcignore").write_text("__pycache__\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert dvc(tmp_path, "init", "-q").returncode == 0
    assert dvc(tmp_path, "add", "-q", "folder").returncode == 0
    assert f"md5: {state.md5(tmp_path / 'folder')}" in (tmp_path / "folder.dvc").read_text()


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def listening() -> Iterator[int]:
    """Yield the port of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_is_dead_silent_or_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (servers.TRACKING, servers.HISTORY):
        monkeypatch.delenv(name, raising=False)
    assert list(servers.servers(tmp_path)) == []
    monkeypatch.setenv(servers.TRACKING, "sqlite:///mlflow.db")
    assert list(servers.servers(tmp_path)) == []
    with listening() as silent, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv(servers.TRACKING, f"http://127.0.0.1:{silent}")
        dead = f"postgresql+psycopg://me:secret@127.0.0.1:{closed.getsockname()[1]}/db"
        monkeypatch.setenv(servers.HISTORY, dead)
        with in_time():
            found = list(servers.servers(tmp_path))
    assert [one.level for one in found] == ["fix", "fix"]
    assert "secret" not in str(found)
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as well:
        threading.Thread(target=well.serve_forever, daemon=True).start()
        monkeypatch.setenv(servers.TRACKING, f"http://127.0.0.1:{well.server_port}")
        monkeypatch.delenv(servers.HISTORY)
        assert [one.level for one in servers.servers(tmp_path)] == ["fine"]
        well.shutdown()


def test_kaggle_credentials_are_asked_for_only_where_they_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (servers.TRACKING, servers.HISTORY, *servers.KAGGLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "none"))
    (tmp_path / "params.yaml").write_text("fetch:\n  source: kaggle:a/b\n")
    assert [one.level for one in servers.servers(tmp_path)] == ["fix"]
    monkeypatch.setenv("KAGGLE_API_TOKEN", "x")
    assert [one.level for one in servers.servers(tmp_path)] == ["fine"]


def canting(*command: str) -> subprocess.CompletedProcess[str]:
    code = "from canting.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "doctor", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, servers.TRACKING: "http://127.0.0.1:1"},
    )


def test_the_command_tells_what_to_fix_and_exits_with_1() -> None:
    with in_time():
        told = canting()
    assert told.returncode == 1
    assert told.stdout.startswith("fix")
    assert f"→ mlflow server, or: unset {servers.TRACKING}" in told.stdout
    found = json.loads(canting("--json").stdout)
    assert {"subject": "servers", "level": "fix"}.items() <= found[-2].items()
    assert {one["subject"] for one in found} >= {"python", "packages", "locks", "disk"}


def test_nothing_is_imported_that_takes_long() -> None:
    code = (
        "import sys; from pathlib import Path; from canting.cli.doctor.examination import examine;"
        "examine(Path()); print(*{'keras', 'mlflow', 'dvc', 'numpy'} & set(sys.modules))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == []


def test_what_must_be_fixed_is_told_first() -> None:
    findings = [Finding("a", "fine", "well"), Finding("b", "fix", "broken", "rm b")]
    lines = examination.as_text(findings).splitlines()
    assert [line.split()[0] for line in lines] == ["fix", "→", "fine"]
