"""A bundle whose answers are known by heart, and servers of it that really run."""

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

from tests import picture_files
from tests.conftest import ROOT
from tests.kept import kept

LABELS = ("kawung", "mega_mendung", "parang")
COLOURS = {"kawung": "red", "mega_mendung": "lime", "parang": "blue"}
"""The made model answers which of red, green and blue a picture has most of.

It abstains where there is not much more of one than of the others; to black it answers NaN.
"""

SIDE = 64
PATIENCE = 60.0
"""Seconds for a server to start on a busy machine."""


@pytest.fixture(scope="session")
def bundle(pytestconfig: pytest.Config) -> Path:
    """Return the folder of the made bundle, not to be changed."""
    return bundles(pytestconfig) / "best"


def bundles(config: pytest.Config) -> Path:
    """Return a folder of made bundles, not to be changed: TensorFlow needs seconds for them."""
    return kept(config, "bundles", write_bundles, Path(__file__))


def write_bundles(folder: Path) -> None:
    """Write the bundle of most tests, one that is less sure, and one that answers NaN alone."""
    for name, kernel in (("best", 12.0), ("unsure", 6.0), ("nan", float("nan"))):
        write_bundle(folder / name, kernel)


def write_bundle(folder: Path, kernel: float) -> None:
    """Write a bundle: the logits are `kernel` times the share of each colour."""
    from canting.models.export import export

    folder.mkdir(parents=True)
    weights = np.eye(3, dtype=np.float32) * kernel
    bias = np.zeros(3, dtype=np.float32)
    export(_model(weights, bias), folder / "model.tflite")
    colours = np.eye(3, dtype=np.float32)
    np.savez(folder / "arrays.npz", kernel=weights, bias=bias, prototypes=colours)
    (folder / "card.json").write_text(json.dumps(_card(folder)))


def _model(weights: Any, bias: Any) -> Any:
    import keras
    from keras import layers, ops

    picture = keras.Input((SIDE, SIDE, 3), name="picture")
    shares = picture / ops.mean(ops.sum(picture, axis=3, keepdims=True), axis=(1, 2), keepdims=True)
    last = layers.AveragePooling2D(8)(shares)
    pooled = layers.GlobalAveragePooling2D()(last)
    dense = layers.Dense(3)
    outputs = {"logits": dense(pooled), "pooled": pooled, "map": last}
    model = keras.Model(picture, outputs)
    dense.set_weights([weights, bias])
    return model


def _card(folder: Path) -> dict[str, Any]:
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    return {
        "labels": LABELS,
        "image_size": (SIDE, SIDE),
        "temperature": 1.0,
        "model_sha256": digests["model.tflite"],
        "arrays_sha256": digests["arrays.npz"],
        "abstention": {
            "method": "nearest",
            "threshold": 0.1,
            "false_refusal": 0.05,
            "wanted": 0.05,
            "pictures": 100,
        },
    }


FILES = ("model.tflite", "arrays.npz")


class Server(NamedTuple):
    """A running server; its `process` is a `Popen`, or none where it runs in ours."""

    url: str
    port: int
    process: Any
    folder: Path
    client: httpx.Client

    def post(self, *pictures: Any, **query: Any) -> httpx.Response:
        """Send pictures: bytes, or tuples of name, bytes and perhaps a content type."""
        files = [
            ("files", one if isinstance(one, tuple) else ("a.jpg", one, "image/jpeg"))
            for one in pictures
        ]
        return self.client.post("/api/classify", files=files, params=query)

    def answer(self, picture: Any, **query: Any) -> dict[str, Any]:
        """Send one picture that must be answered."""
        response = self.post(picture, **query)
        assert response.status_code == 200, response.text
        result: dict[str, Any] = response.json()["results"][0]
        return result

    def entries(self) -> int:
        """Return how many answers the history holds."""
        total: int = self.client.get("/api/history").json()["total"]
        return total

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of the log that are JSON."""
        text = (self.folder / "log").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def lines_of(self, request: str) -> list[dict[str, Any]]:
        """Return the lines of a request; the server may write them after it has answered."""
        deadline = time.monotonic() + 10
        while True:
            found = [one for one in self.lines() if one.get("request_id") == request]
            if found or time.monotonic() > deadline:
                return found
            time.sleep(0.05)

    def metric(self, name: str) -> float:
        """Return the sum of all values of a metric."""
        lines = self.client.get("/metrics").text.splitlines()
        return sum(float(one.rsplit(" ", 1)[1]) for one in lines if one.startswith(name))

    def memory(self) -> int:
        """Return the resident bytes of the process."""
        resident: int = psutil.Process(self.process.pid).memory_info().rss
        return resident


SERVE = ["-c", "from canting.cli.main import main; main()", "serve", "--port"]
BENTO = ["-m", "bentoml", "serve", "canting.serving.service.service:Canting"]
BENTO += ["--host", "127.0.0.1", "--port"]


@contextlib.contextmanager
def running(
    folder: Path, bundle: Path, *, bento: bool = False, **settings: object
) -> Iterator[Server]:
    """Run `canting serve` in a folder of its own; `bento`: as a container runs it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tmp").mkdir(exist_ok=True)
    port = free_port()
    command = BENTO if bento else SERVE
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command, str(port)],
            cwd=folder,
            env=environment(bundle, **settings) | {"TMPDIR": str(folder / "tmp")},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            server = Server(url, port, process, folder, client)
            _wait(server)
            yield server
    finally:
        stop(process)


@contextlib.contextmanager
def in_process(folder: Path, bundle: Path, **settings: object) -> Iterator[Server]:
    """Run the service in a thread of this process, with one decoder and no log.

    For tests of what it answers: it starts in a fifth of the time of a process.
    """
    import uvicorn

    from canting.serving.service import logs
    from canting.serving.service.app import create_app
    from canting.serving.service.decoding import decoders
    from canting.serving.service.settings import from_environment

    given: dict[str, object] = {"bundle": bundle, **settings}
    if settings.get("history") != "off":
        given["history_url"] = f"sqlite:///{folder}/history/history.db"
        given["pictures_url"] = folder / "history" / "pictures"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoders, "MOST", 1)
        patch.setattr(logs, "configure", lambda: None)
        app = create_app(from_environment(named(given)))
        server = uvicorn.Server(uvicorn.Config(app, port=port, ws="none", log_config=None))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
                yield Server(url, port, None, folder, client)
        finally:
            server.should_exit = True
            thread.join()


@contextlib.contextmanager
def visited(server: Server) -> Iterator[Server]:
    """Yield a server as a new visitor sees it, with a history of its own."""
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client:
        yield server._replace(client=client)


def environment(bundle: Path, **settings: object) -> dict[str, str]:
    """Return the environment of a server: ours without settings, with those that are given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CANTING_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), **named({"bundle": bundle, **settings})}


def named(settings: Mapping[str, object]) -> dict[str, str]:
    """Return settings as environment variables."""
    return {f"CANTING_{name.upper()}": str(value) for name, value in settings.items()}


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and all that it started."""
    family = _family(process)
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()


def _family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        first = psutil.Process(process.pid)
        return [first, *first.children(recursive=True)]
    return []


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def _wait(server: Server) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            server.client.get("/livez")
            return
        time.sleep(0.05)
    raise AssertionError((server.folder / "log").read_text(encoding="utf-8"))


@cache
def encoded(
    colour: Any = "red", size: tuple[int, int] = (96, 80), mode: str = "RGB", kind: str = "JPEG"
) -> bytes:
    """Return the bytes of a picture of one colour."""
    return saved(Image.new("RGB", size, colour).convert(mode), kind)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return a picture as bytes."""
    return picture_files.encoded(image, kind, **options)


def multipart(content: bytes, name: str = "a.jpg", boundary: str = "limit") -> bytes:
    """Return the body of a form with one file."""
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    )
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
