"""Good and bad uploads for a long time, with a `kill -9` in the middle: what breaks, what is lost?

Run after `make repro`, from the repository's root: `python benchmarks/soak.py --minutes 30`. Ends
with exit code 1 where an answer is a server's fault, memory grows, or an answer that was said to be
saved is not in the history.
"""

import argparse
import contextlib
import http.client
import io
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from PIL import Image

CLIENTS = 8
MIB = 2**20
GROWTH = 1.15
"""Largest memory at the end, in parts of that after the first quarter, each since its start."""

HEAD = (
    "--limit\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n"
    "Content-Type: image/jpeg\r\n\r\n"
)  # fmt: skip


class Seen(NamedTuple):
    """What the clients saw; they share it."""

    statuses: Counter[int]
    codes: Counter[str]
    saved: set[str]
    broken: Counter[str]
    lock: threading.Lock


class Server:
    """`canting serve`, in a folder of its own."""

    def __init__(self, bundle: Path, folder: Path) -> None:
        """Start it."""
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port: int = one.getsockname()[1]
        self._bundle, self._folder = bundle.resolve(), folder
        self.start()

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        command = [
            "-c",
            "from canting.cli.main import main; main()",
            "serve",
            "--port",
            str(self.port),
        ]
        settings = {
            "CANTING_BUNDLE": str(self._bundle),
            "CANTING_HISTORY": "public",
            "CANTING_HISTORY_MAX_BYTES": "none",
        }
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=self._folder,
                env={**os.environ, **settings},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while self._process.poll() is None:
            with contextlib.suppress(OSError):
                if self.get("/readyz")[0] == 200:
                    return
            time.sleep(0.1)
        raise SystemExit((self._folder / "log").read_text())

    def kill(self) -> None:
        """Kill all its processes at once, as a power cut would."""
        for one in self._family():
            one.kill()
        self._process.wait()

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def memory(self) -> float:
        """Return the resident MiB of all its processes."""
        used: float = sum(one.memory_info().rss for one in self._family()) / MIB
        return used

    def _family(self) -> list[psutil.Process]:
        first = psutil.Process(self._process.pid)
        return [first, *first.children(recursive=True)]


def main() -> None:
    """Run it and tell what was found."""
    arguments = _arguments()
    pictures = [path.read_bytes() for path in sorted(arguments.pictures.rglob("*.jpg"))]
    if not pictures:
        raise SystemExit(f"no pictures in `{arguments.pictures}`")
    with tempfile.TemporaryDirectory() as folder:
        server = Server(arguments.bundle, Path(folder))
        seen = Seen(Counter(), Counter(), set(), Counter(), threading.Lock())
        down, ended = threading.Event(), threading.Event()

        def client(number: int) -> None:
            chance = random.Random(number)  # noqa: S311 - which picture is next
            while not ended.is_set():
                _send(server.port, _kinds(pictures, chance), chance, seen, down)
                ended.wait(chance.expovariate(arguments.rate / CLIENTS))

        threads = [threading.Thread(target=client, args=(one,)) for one in range(CLIENTS)]
        for thread in threads:
            thread.start()
        half = arguments.minutes * 30
        memory = [_watched(server, half)]
        down.set()
        server.kill()
        server.start()
        down.clear()
        memory.append(_watched(server, half))
        ended.set()
        for thread in threads:
            thread.join()
        lost = seen.saved - _kept(server)
        server.kill()
    _tell(seen, memory, lost)


def _watched(server: Server, seconds: float) -> tuple[float, float]:
    """Return the median MiB in the second quarter of a time, and in its last."""
    samples, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        samples.append(server.memory())
        time.sleep(min(1.0, seconds / 40))
    quarter = max(1, len(samples) // 4)
    second, last = sorted(samples[quarter : 2 * quarter]), sorted(samples[-quarter:])
    return second[len(second) // 2], last[len(last) // 2]


def _kinds(pictures: list[bytes], chance: random.Random) -> list[Callable[[], bytes]]:
    """Return ways to make an upload; half of what is sent is good."""
    picture = chance.choice(pictures)
    good: Callable[[], bytes] = lambda: picture  # noqa: E731
    bad: list[Callable[[], bytes]] = [
        lambda: b"",
        lambda: picture[: len(picture) // 2],
        lambda: b"<svg onload=alert(1)>" * 50,
        lambda: chance.randbytes(5_000),
        lambda: picture[:2] + chance.randbytes(300) + picture[302:],
        lambda: picture + b"PK\x03\x04" + bytes(1000),
        lambda: bytes(11 * MIB),
        lambda: picture[:2] + b"\xff\xe1\x00\xc8Exif\0\0MM" + chance.randbytes(190) + picture[2:],
        _many_scans,
        _deep,
        lambda: _deep()[: chance.randrange(1000, 100_000)],
    ]
    return [good] * len(bad) + bad


@cache
def _many_scans() -> bytes:
    """Return a progressive JPEG of 10,000 scans of few bytes, each of which is work."""
    content = io.BytesIO()
    Image.new("RGB", (2000, 1500), "gray").save(content, "JPEG", progressive=True)
    whole = content.getvalue()
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * 10_000 + b"\xff\xd9"


@cache
def _deep() -> bytes:
    """Return a PNG of 50 million pixels of 16 bits, 100 kB."""
    content = io.BytesIO()
    Image.fromarray(np.full((7000, 7100), 30_000, np.uint16)).save(content, "PNG")
    return content.getvalue()


def _send(
    port: int,
    kinds: list[Callable[[], bytes]],
    chance: random.Random,
    seen: Seen,
    down: threading.Event,
) -> None:
    content = chance.choice(kinds)()
    name = chance.choice(["a.jpg", "../../b.jpg", "<script>.jpg", "x" * 3000])
    body = HEAD.format(name=name).encode() + content + b"\r\n--limit--\r\n"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        with contextlib.closing(connection):
            if chance.random() < 0.03:
                chance.choice([_leave, _say_half])(connection, body)
                return
            headers = {"Content-Type": "multipart/form-data; boundary=limit"}
            connection.request("POST", "/api/classify?overlay=true", body, headers)
            answer = connection.getresponse()
            told = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        time.sleep(0.2)
        if not down.is_set():
            with seen.lock:
                seen.broken[type(error).__name__] += 1
        return
    with seen.lock:
        seen.statuses[answer.status] += 1
        seen.codes[told.get("code", "")] += 1
        for result in told.get("results", []):
            if result["history_saved"]:
                seen.saved.add(result["history_id"])


def _leave(connection: http.client.HTTPConnection, body: bytes) -> None:
    """Send a part, and go."""
    connection.putrequest("POST", "/api/classify")
    connection.putheader("Content-Type", "multipart/form-data; boundary=limit")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    connection.send(body[: len(body) // 2])


def _say_half(connection: http.client.HTTPConnection, _: bytes) -> None:
    """Begin a request, and wait for the server to end the connection."""
    connection.connect()
    connection.sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    with contextlib.suppress(ConnectionError):
        connection.sock.recv(1000)


def _kept(server: Server) -> set[str]:
    kept: set[str] = set()
    page, pages = 1, 1
    while page <= pages:
        found = json.loads(server.get(f"/api/history?size=100&page={page}")[1])
        kept |= {entry["id"] for entry in found["entries"]}
        page, pages = page + 1, found["pages"]
    return kept


def _tell(seen: Seen, memory: list[tuple[float, float]], lost: set[str]) -> None:
    faults = {status: count for status, count in seen.statuses.items() if status >= 500}
    growth = max(last / first for first, last in memory)
    print(f"answers by status  {dict(sorted(seen.statuses.items()))}")
    print(f"refusals           {dict(sorted(seen.codes.items()))}")
    print(f"5xx                {faults or 'none'}")
    print(f"connections broken {dict(seen.broken) or 'none'} (the kill aside)")
    for name, (first, last) in zip(("before", "after"), memory, strict=True):
        print(f"memory {name:11} {first:.0f} MiB, then {last:.0f} MiB")
    print(f"said to be saved   {len(seen.saved)}, lost {len(lost)}")
    if faults or lost or growth > GROWTH or not seen.saved:
        raise SystemExit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, default=Path("build/best"))
    parser.add_argument("--pictures", type=Path, default=Path("data"))
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=20.0, help="uploads a second, all together")
    return parser.parse_args()


if __name__ == "__main__":
    main()
