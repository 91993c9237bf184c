"""Runs in MLflow: a real store, a real server, a dead one, a mute one, and a killed sender."""

import http.client
import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from canting.core.errors import CantingError
from canting.runs.compare.find import between
from canting.runs.compare.written import verdict
from canting.runs.registry.promote import promote, roll_back
from canting.runs.tracking import outbox, uri
from canting.runs.tracking.deliver import deliver
from canting.runs.tracking.study import study
from stages import track
from tests import track_run
from tests.conftest import in_time

UP = [0.010, 0.012, 0.011]
LONG = 300.0
"""Seconds that only an overloaded machine comes near."""

GRID = {
    "fine_tune_from": "conv5_block3_1_conv",
    "optimizer": ["adam", "nadam", "adadelta"],
    "dropout": [0.0, 0.2],
    "epochs": 2,
    "track": {"enabled": True, "experiment": "canting", "seconds": LONG},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grid of six scenarios, two of which failed."""
    return track_run.make(tmp_path_factory.mktemp("track") / "run", **GRID)


@pytest.fixture
def here(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the run that a test may change; MLflow's store is its own."""
    monkeypatch.delenv(uri.VARIABLE, raising=False)
    return Path(shutil.copytree(run, tmp_path / "here"))


@pytest.fixture(scope="module")
def sent(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the run that has been sent to its own store."""
    folder = Path(shutil.copytree(run, tmp_path_factory.mktemp("sent") / "sent"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(uri.VARIABLE, raising=False)
        outbox.put(folder, folder)
        delivery = deliver(folder, LONG)
    assert (delivery.problem, delivery.sent, delivery.waiting) == ("", 1, 0)
    return folder


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{folder / 'mlflow.db'}?mode=ro", uri=True)) as store:
        return store.execute(query).fetchall()


def content(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return what a store holds, whatever its ids and times."""
    runs = "join runs using (run_uuid)"
    queries = {
        "runs": "select name, status, lifecycle_stage from runs order by 1",
        "metrics": f"select name, key, step, value from metrics {runs} order by 1, 2, 3, 4",
        "params": f"select name, key, value from params {runs} order by 1, 2, 3",
        "versions": "select name, version from model_versions order by 1, 2",
    }
    return {name: rows(folder, query) for name, query in queries.items()}


def stage(folder: Path, **environment: str) -> str:
    """Call the stage in a folder; return what it prints, errors too."""
    told = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(told), redirect_stderr(told):
        patch.chdir(folder)
        for name, value in environment.items():
            patch.setenv(name, value)
        track.main()
    return told.getvalue()


@pytest.mark.slow
def test_a_study_is_a_parent_of_its_scenarios_and_searches(sent: Path) -> None:
    tags = "(select value from tags where key = '{}' and run_uuid = runs.run_uuid)"
    kind, parent = tags.format("canting.kind"), tags.format("mlflow.parentRunId")
    found = rows(sent, f"select {kind}, status, count(*), count({parent}) from runs group by 1, 2")
    assert found == [
        ("scenario", "FAILED", 2, 2),
        ("scenario", "FINISHED", 4, 4),
        ("search", "FINISHED", 1, 1),
        ("study", "FINISHED", 1, 0),
    ]
    folds = "select count(*), min(step), max(step) from metrics where key = 'folds/macro_f1'"
    assert rows(sent, folds) == [(15, 0, 2)]
    steps = rows(sent, "select distinct step from metrics where key = 'epochs/val_loss' order by 1")
    assert steps == [(1,), (2,)]
    failure = rows(sent, "select distinct value from tags where key = 'canting.failure'")
    assert failure == [("fold 0: the loss is NaN",)]
    keys = {key for (key,) in rows(sent, "select distinct key from metrics")}
    assert {
        "macro_f1_mean_low",
        "macro_f1_mean_high",
        "temperature",
        "trials/best",
        "fold 0/loss",
    } <= keys
    assert "cost/features/resnet50-conv5_block3_1_conv.seconds" in keys
    params = dict(rows(sent, "select key, value from params where key like 'features.%'"))
    assert params["features.rotation"] == "20.0"
    named = {key for (key,) in rows(sent, "select distinct key from tags")}
    provenance = ("lock", "manifest", "data", "folds", "model", "digest")
    assert {f"canting.{name}" for name in provenance} <= named
    assert {"mlflow.source.git.commit", "version.keras"} <= named


@pytest.mark.slow
def test_artifacts_are_files_of_the_run_and_hold_no_pickle(sent: Path) -> None:
    logged = [path for path in (sent / "mlruns").rglob("*") if path.is_file()]
    names = {path.name for path in logged}
    assert {"confusion.png", "learning_curves.png", "card.json", "dvc.lock"} <= names
    assert not [
        path for path in logged if path.suffix in (".pkl", ".pickle", ".py", ".cloudpickle")
    ]
    ((source, model),) = rows(
        sent, "select source, value from model_versions join model_version_tags using (version) "
              "where key = 'canting.model'"
    )  # fmt: skip
    assert source.endswith("/build/best")
    assert json.loads((sent / "build/best/card.json").read_text())["model_sha256"] == model


@pytest.mark.slow
def test_what_is_there_is_not_sent_again(sent: Path) -> None:
    before = content(sent)
    outbox.put(sent, sent)
    with_two = [threading.Thread(target=deliver, args=(sent, LONG)) for _ in range(2)]
    for thread in with_two:
        thread.start()
    for thread in with_two:
        thread.join()
    assert outbox.waiting(sent) == []
    assert content(sent) == before


@pytest.mark.slow
def test_a_killed_sender_is_completed_by_the_next(here: Path, sent: Path) -> None:
    outbox.put(here, here)
    command = [sys.executable, "-m", "canting.runs.tracking.worker", "send"]
    process = subprocess.Popen(command, cwd=here, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: has_runs(here, 4), process)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert rows(here, "select count(*) from runs where status = 'RUNNING'") != [(0,)]
    assert deliver(here, LONG).problem == ""
    assert content(here) == content(sent)


@pytest.mark.slow
def test_a_dead_server_costs_no_run_and_all_follow_but_damaged_and_refused(here: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as closed:
        address = f"http://ani:secret@127.0.0.1:{closed.getsockname()[1]}"
    told = stage(here, MLFLOW_TRACKING_URI=address)
    assert "Nothing is lost: 1 study waits in `.canting/outbox`" in told
    assert "secret" not in told
    assert "Traceback" not in told
    track_run.shifted(here, UP)
    damaged = outbox.put(here, here)
    (outbox.folder(here) / damaged / "build" / "best" / "card.json").write_text("{")
    track_run.shifted(here, UP, b"a third model")
    refused = outbox.put(here, here)
    figures = outbox.folder(here) / refused / "results" / "corruptions" / "metrics.json"
    figures.write_text('{"no//name": 1}')
    track_run.shifted(here, UP, b"a fourth model")
    told = stage(here)
    assert f"{damaged}`: expected a complete snapshot" in told, told
    assert f"{refused}`: MLflow rejected the run" in told, told
    assert "no//name" in told
    assert {entry.name for entry in outbox.waiting(here)} == {damaged, refused}
    assert rows(here, "select count(*) from model_versions") == [(2,)]


def test_a_mute_server_is_left_after_the_time_that_is_set(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        monkeypatch.setenv(uri.VARIABLE, f"http://127.0.0.1:{mute.getsockname()[1]}")
        outbox.put(here, here)
        with in_time():
            delivery = deliver(here, 2)
    assert delivery.problem == "not finished after 2 seconds."
    assert "1 study waits" in str(delivery)


@pytest.mark.slow
def test_a_server_has_the_run_the_registry_and_what_compares(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server(tmp_path / "server") as address, witness() as strangers:
        monkeypatch.setenv(uri.VARIABLE, address)
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, strangers.address)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        outbox.put(here, here)
        first = study(outbox.waiting(here)[0]).tags["canting.model"]
        promote(None, here)
        assert str(deliver(here, LONG)) == f"1 study sent to MLflow at {address}."
        second = track_run.shifted(here, UP)
        outbox.put(here, here)
        promote(None, here)
        assert deliver(here, LONG).problem == ""
        assert aliases(tmp_path / "server") == {"champion": second}
        ((run, _),) = rows(tmp_path / "server", "select run_id, min(version) from model_versions")
        assert verdict(between(run, ".", here)).startswith("better in macro F1: +0.0110")
        assert "is a challenger: worse" in promote("1", here)
        roll_back(here)
        deliver(here, LONG)
        assert aliases(tmp_path / "server") == {"champion": first}
        with pytest.raises(CantingError, match=r"a run that MLflow at .* has. Received: '9'"):
            promote("9", here)
        assert strangers.calls == []


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("https://ani:secret@mlflow.example.org/a", "https://mlflow.example.org/a"),
        ("postgresql://ani:p%40ss@db:5432/m?password=x", "postgresql://db:5432/m"),
        ("sqlite:////home/ani/mlflow.db", "sqlite:////home/ani/mlflow.db"),
    ],
)
def test_messages_tell_no_secret(address: str, shown: str) -> None:
    assert uri.shown(address) == shown


def has_runs(folder: Path, count: int) -> bool:
    try:
        return bool(rows(folder, "select count(*) from runs")[0][0] >= count)
    except sqlite3.OperationalError:
        return False


def wait_for(done: Any, process: subprocess.Popen[Any]) -> None:
    end = time.monotonic() + LONG
    while not done():
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < end
        time.sleep(0.01)


def aliases(folder: Path) -> dict[str, str]:
    tags = "model_version_tags t on a.version = t.version and t.key = 'canting.model'"
    return dict(rows(folder, f"select alias, value from registered_model_aliases a join {tags}"))


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a real `mlflow server` on its own store, without the seven processes of its job queue."""
    folder.mkdir()
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    with (folder / "log").open("w") as told:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=told,
            stderr=told,
            start_new_session=True,
        )
    try:
        wait_for(lambda: answers(port), process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


class Witness:
    """Notes every connection that goes to a proxy: to a stranger."""

    def __init__(self, listener: socket.socket) -> None:
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.calls: list[bytes] = []


@contextmanager
def witness() -> Iterator[Witness]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        found = Witness(listener)

        def listen() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                found.calls.append(connection.recv(200))
                connection.close()

        threading.Thread(target=listen, daemon=True).start()
        yield found
        listener.shutdown(socket.SHUT_RDWR)
