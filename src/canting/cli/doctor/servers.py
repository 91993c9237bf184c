"""Servers and credentials that the settings name; what is not configured is not asked."""

import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from canting.cli.doctor.finding import Finding, fine

PATIENCE = 1.0
"""Seconds that a server has to answer."""

TRACKING, HISTORY = "MLFLOW_TRACKING_URI", "CANTING_HISTORY_URL"
PORTS = {"http": 80, "https": 443, "postgresql": 5432}
KAGGLE = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME")


def servers(root: Path) -> Iterator[Finding]:
    """Tell which configured server cannot be reached."""
    questions: list[Callable[[], list[Finding]]] = [
        lambda: _reached(TRACKING, f"mlflow server, or: unset {TRACKING}"),
        lambda: _reached(HISTORY, f"unset {HISTORY}"),
        lambda: _kaggle(root),
    ]
    with ThreadPoolExecutor(len(questions)) as pool:
        for answer in pool.map(lambda ask: ask(), questions):
            yield from answer


def _reached(variable: str, command: str) -> list[Finding]:
    parts = urlsplit(os.environ.get(variable, ""))
    scheme = parts.scheme.partition("+")[0]
    if scheme not in PORTS or not parts.hostname:
        return []
    place = f"{parts.hostname}:{parts.port or PORTS[scheme]}"
    try:
        address = (parts.hostname, parts.port or PORTS[scheme])
        with socket.create_connection(address, PATIENCE) as connection:
            _answers(connection, scheme)
    except OSError as error:
        told = f"`{variable}`: {place} does not answer ({error})"
        return [Finding("servers", "fix", told, command)]
    return [fine("servers", f"`{variable}`: {place} answers")]


ASKED = {
    "http": b"GET /health HTTP/1.0\r\n\r\n",
    "postgresql": (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big"),
}
"""What each kind of server answers with at least a byte (postgresql: its request for TLS)."""


def _answers(connection: socket.socket, scheme: str) -> None:
    if scheme in ASKED:
        connection.settimeout(PATIENCE)
        connection.sendall(ASKED[scheme])
        if not connection.recv(1):
            raise OSError("it closed the connection")


def _kaggle(root: Path) -> list[Finding]:
    params = root / "params.yaml"
    if not params.is_file() or "source: kaggle:" not in params.read_text(encoding="utf-8"):
        return []
    home = Path(os.environ.get("KAGGLE_CONFIG_DIR") or Path.home() / ".kaggle")
    if any(map(os.environ.get, KAGGLE)) or (home.is_dir() and any(home.iterdir())):
        return [fine("servers", "Kaggle credentials are set")]
    told = "`fetch.source` is on Kaggle, but no Kaggle credentials are set"
    return [Finding("servers", "fix", told, "export KAGGLE_USERNAME=… KAGGLE_KEY=…")]
