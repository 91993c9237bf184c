"""The service from its start to its end: `canting serve`, and BentoML as in a container."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client import REGISTRY

from canting.cli.main import main
from tests.conftest import slow
from tests.service_fixtures import (
    Server,
    bundle,
    bundles,
    encoded,
    environment,
    in_process,
    running,
)

__all__ = ["bundle"]

HEAVY = ("tensorflow", "keras", "mlflow", "dvc", "pandas", "sklearn", "matplotlib", "torch", "jax")


@pytest.fixture(scope="module")
def copy(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle that may be changed."""
    folder = tmp_path_factory.mktemp("copy") / "best"
    shutil.copytree(bundle, folder)
    (folder / "samples" / "kawung").mkdir(parents=True)
    (folder / "samples" / "kawung" / "1.jpg").write_bytes(encoded())
    return folder


@pytest.fixture(scope="module")
def server(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    proxies = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    os.environ.update(proxies)
    try:
        with running(tmp_path_factory.mktemp("serve"), copy) as one:
            yield one
    finally:
        for name in proxies:
            os.environ.pop(name)


@pytest.fixture(scope="module")
def bento(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("bento"), bundle, bento=True) as one:
        yield one


def workers(server: Server) -> list[psutil.Process]:
    first = psutil.Process(server.process.pid)
    return [first, *first.children(recursive=True)]


@pytest.mark.parametrize("kind", ["server", *slow("bento")])
def test_it_is_alive_ready_and_answers(kind: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(kind)
    assert server.client.get("/livez").status_code == 200
    assert server.client.get("/readyz").status_code == 200
    assert server.answer(encoded("blue"))["label"] == "parang"
    assert server.metric('canting_predictions_total{label="parang"}') == 1


def test_nothing_of_bentoml_shows_and_nothing_is_loaded_from_elsewhere(bento: Server) -> None:
    server = bento
    for path in ("/docs.json", "/static_content/index.html", "/schema", "/nothing"):
        response = server.client.get(path)
        assert response.status_code == 404, path
        assert "x-request-id" in response.headers
    page = server.client.get("/")
    assert page.status_code == 200
    assert "bentoml" not in page.text.lower()
    assert 'src="http' not in page.text
    assert 'rel="stylesheet" href="http' not in page.text


def listening(server: Server) -> list[tuple[str, int]]:
    return [
        connection.laddr
        for process in workers(server)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]


def test_one_port_and_nothing_is_left_in_the_temporary_folder(server: Server) -> None:
    """Nobody else on the machine can command the service: there is no port for it."""
    assert listening(server) == [("127.0.0.1", server.port)]
    assert not list((server.folder / "tmp").iterdir())
    assert all(line.startswith("{") for line in (server.folder / "log").read_text().splitlines())


@pytest.mark.slow
def test_a_container_has_no_port_for_others(bento: Server) -> None:
    server = bento
    addresses = listening(server)
    assert {ip for ip, _ in addresses} == {"127.0.0.1"}
    pickle = b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR."
    for port in {port for _, port in addresses}:
        headers = {"Content-Type": "application/vnd.bentoml+pickle", "Payload-Container": "Pickle"}
        try:
            with httpx.Client(trust_env=False, timeout=1) as client:
                response = client.post(f"http://127.0.0.1:{port}/", content=pickle, headers=headers)
            assert response.status_code in (404, 405, 415)
        except httpx.TransportError:
            continue
    assert not list(server.folder.rglob("pwned"))


@pytest.mark.slow
def test_no_training_framework_is_loaded(bundle: Path, tmp_path: Path) -> None:
    """All of the service is imported and one picture answered in a process of its own."""
    program = """
import sys
from starlette.testclient import TestClient
import canting.serving.service.service as service
with TestClient(service.web, "http://127.0.0.1") as client:
    files = {"files": ("a.jpg", sys.stdin.buffer.read())}
    answer = client.post("/api/classify?overlay=true", files=files).json()
    assert answer["results"][0]["label"] == "kawung", answer
    for path in ("/", "/classify", "/history", "/about"):
        assert client.get(path).status_code == 200, path
print(" ".join(sys.modules))
"""
    found = subprocess.run(
        [sys.executable, "-c", program],
        input=encoded("red"),
        env=environment(bundle),
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    loaded = {name.split(".")[0] for name in found.stdout.decode().split()}
    assert "ai_edge_litert" in loaded
    assert not loaded & set(HEAVY)


def test_the_maps_of_the_running_server_hold_no_training_framework(server: Server) -> None:
    for process in workers(server):
        files = {mapped.path for mapped in process.memory_maps()}
        assert not [path for path in files if any(f"/{name}/" in path for name in HEAVY)]


def test_a_changed_bundle_does_not_disturb(
    server: Server, copy: Path, pytestconfig: pytest.Config
) -> None:
    first = server.post(encoded("red")).json()
    assert server.client.get("/samples/1").status_code == 200
    shutil.rmtree(copy)
    for path in ("/samples/1", "/samples/1/picture"):
        assert server.client.get(path).status_code == 200
    shutil.copytree(bundles(pytestconfig) / "unsure", copy)
    second = server.post(encoded("red")).json()
    assert second["model"] == first["model"]
    assert second["results"][0]["probabilities"] == first["results"][0]["probabilities"]
    entry = server.client.get(f"/api/history/{second['results'][0]['history_id']}").json()
    assert entry["model"] == first["model"]["digest"]


def test_the_end_waits_for_what_was_accepted(server: Server) -> None:
    """Run last: a SIGTERM under load."""
    answers: list[dict[str, object]] = []
    ended = threading.Event()

    def send() -> None:
        while not ended.is_set():
            try:
                response = server.post(encoded())
            except httpx.TransportError:
                return
            assert response.status_code in (200, 429)
            if response.status_code == 200:
                answers.append(response.json()["results"][0])

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(60)
    ended.set()
    for thread in threads:
        thread.join()
    assert len(answers) > 8
    rows = sqlite3.connect(server.folder / "history" / "history.db")
    kept = {str(row[0]).replace("-", "") for row in rows.execute("SELECT id FROM history_entries")}
    rows.close()
    assert {str(answer["history_id"]) for answer in answers} <= kept


@pytest.mark.slow
def test_a_worker_ends_with_its_supervisor() -> None:
    worker = "from canting.serving.service.service import end_with_parent as end; end()"
    worker += "; print('on', flush=True); import time; time.sleep(60)"
    program = f"""
import subprocess, sys
worker = subprocess.Popen([sys.executable, "-c", {worker!r}], stdout=subprocess.PIPE)
worker.stdout.readline()
print(worker.pid, flush=True)
worker.wait()
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        left = psutil.Process(int(supervisor.stdout.readline()))
        supervisor.kill()
    gone, _ = psutil.wait_procs([left], timeout=10)
    assert gone


def _damage(folder: Path, how: str) -> None:
    model = folder / "model.tflite"
    if how == "absent":
        model.unlink()
    elif how == "truncated":
        model.write_bytes(model.read_bytes()[:1000])
    elif how == "other":
        content = bytearray(model.read_bytes())
        content[-1] ^= 1
        model.write_bytes(content)
    elif how == "keras":
        model.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    else:
        card = json.loads((folder / "card.json").read_text())
        card["labels"].append("one more")
        (folder / "card.json").write_text(json.dumps(card))


CODES = {
    "absent": "model_absent",
    "truncated": "model_damaged",
    "other": "model_damaged",
    "keras": "model_format",
    "classes": "classes_differ",
}


@pytest.mark.slow
def test_a_bad_model_is_a_reason(bundle: Path, tmp_path: Path) -> None:
    """BentoML's whole application, with one bad bundle after the other as its model."""
    for how in CODES:
        shutil.copytree(bundle, tmp_path / how)
        _damage(tmp_path / how, how)
    program = """
import json, sys
from pathlib import Path
from starlette.testclient import TestClient
from canting.serving.service.state import load_model
from canting.serving.service.service import Canting, web
picture = sys.stdin.buffer.read()
with TestClient(Canting.to_asgi(), "http://127.0.0.1") as client:
    for folder in sys.argv[1:]:
        web.state.canting.model = load_model(Path(folder))
        ready, alive, page = (client.get(path) for path in ("/readyz", "/livez", "/"))
        answer = client.post("/api/classify", files={"files": ("a.jpg", picture)})
        statuses = [ready.status_code, alive.status_code, page.status_code, answer.status_code]
        print("found", json.dumps([statuses, ready.text, answer.json()]))
"""
    found = subprocess.run(
        [sys.executable, "-c", program, *CODES],
        input=encoded("red"),
        env=environment(tmp_path / "absent"),
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    lines = [one for one in found.stdout.decode().splitlines() if one.startswith("found ")]
    for line, (how, code) in zip(lines, CODES.items(), strict=True):
        statuses, reason, answer = json.loads(line.removeprefix("found "))
        assert statuses == [503, 200, 200, 503], how
        assert reason == code
        assert answer["code"] == code
        assert "best" not in answer["message"]


@pytest.mark.slow
def test_killed_in_the_midst_of_work(bundle: Path, tmp_path: Path) -> None:
    """After a SIGKILL, all that was said to be saved is there, and nothing else is left."""
    saved: list[str] = []

    def send(server: Server) -> None:
        with contextlib.suppress(httpx.TransportError):
            while True:
                saved.append(server.answer(encoded())["history_id"])

    with running(tmp_path, bundle) as server:
        threads = [threading.Thread(target=send, args=(server,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        server.process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
    assert len(saved) > 6
    with running(tmp_path, bundle, history="public") as server:
        total = server.entries()
        rows = sqlite3.connect(tmp_path / "history" / "history.db")
        kept = {row[0] for row in rows.execute("SELECT id FROM history_entries")}
        assert rows.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows.close()
        assert set(saved) <= kept
        assert total == len(kept) <= len(saved) + 6


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CANTING_MAX_FILES", "0", "greater than or equal to 1"),
        ("CANTING_MAX_UPLOAD_BYTES", "ten", "valid integer"),
        ("CANTING_KEEP_PICTURES", "perhaps", "valid boolean"),
        ("CANTING_MAX_ASPECT", "nan", "finite number"),
        ("CANTING_MAX_FILE", "set", "Did you mean `CANTING_MAX_FILES`?"),
    ],
)
def test_a_bad_setting_is_named(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command ends with these words, which Python writes to standard error (code 1)."""
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["canting", "serve"])
    with pytest.raises(SystemExit) as caught:
        main()
    words = str(caught.value)
    assert words.startswith("canting serve: ")
    assert f"`{name}`" in words
    assert told in words
    assert value in words


def test_without_a_model_it_says_how_to_get_one(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from canting.cli.main import main; main()", "serve"]
    found = subprocess.run(
        program,
        cwd=tmp_path,
        env=environment(tmp_path / "nowhere"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert found.returncode == 1
    assert "make repro" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("required", [False, True])
def test_a_history_that_cannot_be_written(bundle: Path, tmp_path: Path, required: bool) -> None:
    """A folder in place of the database: the picture is answered, or refused, as it was set."""
    (tmp_path / "history" / "history.db").mkdir(parents=True)
    before = REGISTRY.get_sample_value("canting_history_failures_total") or 0.0
    with in_process(tmp_path, bundle, history_required=required) as server:
        response = server.post(encoded("red"))
        if required:
            assert (response.status_code, response.json()["code"]) == (503, "history_unavailable")
            assert int(response.headers["retry-after"]) > 0
        else:
            result = response.json()["results"][0]
            assert (result["label"], result["history_saved"]) == ("kawung", False)
        assert server.client.get("/api/history").status_code == 503
        assert server.client.get("/history").status_code == 503
        assert server.metric("canting_history_failures_total") >= before + 1


@pytest.mark.slow
def test_without_history_and_in_another_locale(bundle: Path, tmp_path: Path) -> None:
    os.environ.update({"TZ": "Asia/Jakarta", "LC_ALL": "id_ID.UTF-8"})
    try:
        with running(tmp_path, bundle, history="off") as server:
            result = server.answer(encoded("red"))
            assert (result["history_saved"], result["history_id"]) == (False, None)
            assert server.client.get("/api/history").status_code == 404
            assert server.metric("canting_history_failures_total") == 0
            assert not (tmp_path / "history").exists()
            assert server.lines()[-1]["time"].endswith("+00:00")
    finally:
        del os.environ["TZ"], os.environ["LC_ALL"]
