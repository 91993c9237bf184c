"""Flask with `model.predict` and `canting serve` on the same trained model, in one run.

Both run at once and are asked in turns, so that what else the machine does weighs on both.
Run after `make repro`, from the repository's root: `python benchmarks/service.py`; Flask is needed
(`uv pip install flask`). `--size` also installs what each side needs into an environment of its own
and weighs it, which needs a package index. `--side 1600` enlarges the pictures to those of a phone.
"""

import argparse
import contextlib
import http.client
import io
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from PIL import Image

ROOT = Path(__file__).parents[1]
FLASK = ROOT / "benchmarks" / "flask_way.py"
AT_ONCE = (1, 16, 64)
"""Clients."""

BOUNDARY = "between-pictures"

NEEDS = {
    "flask": ["flask", "keras", "numpy", "pillow", "tensorflow-cpu"],
    "canting": [f"{ROOT}[serve]"],
}


class Side(NamedTuple):
    """A running server."""

    port: int
    path: str
    process: "subprocess.Popen[bytes]"
    start: float

    def ask(self, body: bytes) -> float:
        """Send a picture; return the seconds until its answer is read."""
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        connection.request("POST", self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 200 or b"label" not in content:
            raise SystemExit(f"{self.path}: {answer.status} {content[:300]!r}")
        return time.perf_counter() - started

    def memory(self) -> float:
        """Return the MiB that are the server's own, of all its processes."""
        used: float = sum(one.memory_full_info().uss for one in self._family()) / 2**20
        return used

    def busy(self) -> float:
        """Return the seconds that all its processes have computed since their start."""
        return sum(one.cpu_times().user + one.cpu_times().system for one in self._family())

    def _family(self) -> list[psutil.Process]:
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]


class Full(NamedTuple):
    """Seconds of each answer to some clients, of the whole, and of the processor."""

    taken: list[float]
    seconds: float
    busy: float


def main() -> None:
    """Measure both sides and print them beside each other."""
    arguments = _arguments()
    bodies = [_form(path, arguments.side) for path in sorted(arguments.pictures.rglob("*.jpg"))]
    if not bodies:
        raise SystemExit(f"no pictures in `{arguments.pictures}`")
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        sides = {
            name: stack.enter_context(_running(name, arguments.bundle, Path(folder), bodies[0]))
            for name in NEEDS
        }
        figures = _measured(sides, bodies, arguments.rounds, arguments.seconds)
    if arguments.size:
        for name in NEEDS:
            figures[name]["installed, MiB"] = _installed(name)
    _print(figures)


def _measured(
    sides: dict[str, Side], bodies: list[bytes], rounds: int, seconds: float
) -> dict[str, dict[str, float]]:
    """Return the figures of each side, from `rounds` in turns."""
    seen: dict[str, dict[int, list[Full]]] = {
        name: {clients: [] for clients in AT_ONCE} for name in sides
    }
    for side in sides.values():
        _full(side, bodies, 1.0, max(AT_ONCE))
    for _ in range(rounds):
        for clients in AT_ONCE:
            for name, side in sides.items():
                seen[name][clients].append(_full(side, bodies, seconds, clients))
    return {name: _figures(side, seen[name]) for name, side in sides.items()}


def _figures(side: Side, seen: dict[int, list[Full]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for clients, rounds in seen.items():
        taken = [one for round_ in rounds for one in round_.taken]
        rates = [len(one.taken) / one.seconds for one in rounds]
        figures |= {
            f"p50, ms, {clients} at once": 1000 * float(np.percentile(taken, 50)),
            f"p99, ms, {clients} at once": 1000 * float(np.percentile(taken, 99)),
            f"pictures/s, {clients} at once": float(np.median(rates)),
        }
    costs = [one.busy / len(one.taken) for one in seen[AT_ONCE[1]]]
    return figures | {
        "processor, ms a picture": 1000 * float(np.median(costs)),
        "memory, MiB": side.memory(),
        "start, s": side.start,
    }


def _full(side: Side, bodies: list[bytes], seconds: float, clients: int) -> Full:
    before, started = side.busy(), time.perf_counter()

    def client(number: int) -> list[float]:
        taken: list[float] = []
        while time.perf_counter() < started + seconds:
            taken.append(side.ask(bodies[(number + len(taken) * clients) % len(bodies)]))
        return taken

    with ThreadPoolExecutor(clients) as pool:
        taken = [one for some in pool.map(client, range(clients)) for one in some]
    return Full(taken, time.perf_counter() - started, side.busy() - before)


@contextlib.contextmanager
def _running(name: str, bundle: Path, folder: Path, body: bytes) -> Iterator[Side]:
    """Start a server and wait for its first answer."""
    bundle, place = bundle.resolve(), folder / name
    place.mkdir()
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    if name == "flask":
        model = folder / "model.keras"
        subprocess.run([sys.executable, FLASK, "keras", bundle, model], check=True)
        command = [FLASK, "serve", model, bundle / "card.json", port]
        path = "/predict"
    else:
        command = ["-c", "from canting.cli.main import main; main()", "serve", "--port", port]
        path = "/api/classify"
    started = time.perf_counter()
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=place,
            env={**os.environ, "CANTING_BUNDLE": str(bundle)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        side = Side(port, path, process, 0.0)
        _wait(side, body, folder / f"{name}.log")
        yield side._replace(start=time.perf_counter() - started)
    finally:
        for worker in psutil.Process(process.pid).children(recursive=True):
            worker.kill()
        process.kill()
        process.wait()


def _wait(side: Side, body: bytes, log: Path) -> None:
    while side.process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            side.ask(body)
            return
        time.sleep(0.05)
    raise SystemExit(log.read_text())


def _form(path: Path, side: int | None) -> bytes:
    """Return the body of a form with one picture, enlarged to `side` pixels where it is given."""
    content = path.read_bytes()
    if side is not None:
        image = Image.open(path).convert("RGB")
        larger = io.BytesIO()
        scale = side / max(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        image.resize(size).save(larger, "JPEG", quality=90)
        content = larger.getvalue()
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def _installed(name: str) -> float:
    """Return the MiB of an environment with what a side needs."""
    with tempfile.TemporaryDirectory() as folder:
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", folder, "--allow-existing"], check=True)
        where = ["--python", f"{folder}/bin/python", "--link-mode", "copy"]
        subprocess.run([*uv, "pip", "install", "--quiet", *where, *NEEDS[name]], check=True)
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        return sum(path.lstat().st_size for path in files) / 2**20


def _print(figures: dict[str, dict[str, float]]) -> None:
    print(f"{'':26}" + "".join(f"{name:>12}" for name in figures) + f"{'ratio':>10}")
    for figure in figures["canting"]:
        flask, ours = (figures[name][figure] for name in figures)
        ratio = ours / flask if "/s" in figure else flask / ours
        print(f"{figure:26}{flask:12.1f}{ours:12.1f}{ratio:10.1f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, default=Path("build/best"))
    parser.add_argument("--pictures", type=Path, default=Path("data"))
    parser.add_argument("--side", type=int, help="pixels of the longer side; without, as they are")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each round at full load")
    parser.add_argument("--size", action="store_true", help="install both sides and weigh them")
    return parser.parse_args()


if __name__ == "__main__":
    main()
