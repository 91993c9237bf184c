"""A real Ray cluster on this machine, each node with its own processes, and an S3 server."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psutil

from tests.conftest import ROOT

NODE = ("--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats")
HEAD = ("--include-dashboard=false",)
RAY = (sys.executable, "-m", "ray.scripts.scripts")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _client() -> str:
    return f"--ray-client-server-port={free_port()}"


class RayNodes(NamedTuple):
    """A head and workers of one core each, below a folder of their own."""

    port: int
    folder: Path

    @property
    def address(self) -> str:
        """What `compute.address` is."""
        return f"127.0.0.1:{self.port}"

    def start(self, **environment: str) -> None:
        """Start the head, or a further node where there is a head."""
        head = ("--head", f"--port={self.port}", f"--temp-dir={self.folder}")
        where = (f"--address={self.address}",) if self.raylets() else (*head, *HEAD, _client())
        given = {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "RAY_USAGE_STATS_ENABLED": "0"}
        given["RAY_worker_niceness"] = "0"  # 15 by itself: they would wait for all other tests
        told = subprocess.run(
            [*RAY, "start", *where, *NODE],
            env={**os.environ, **given, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert told.returncode == 0, told.stdout + told.stderr

    def raylets(self) -> list[psutil.Process]:
        """Return the process that each node lives by, in the order in which they were started."""
        found = [
            one
            for one in psutil.process_iter(["cmdline"])
            if any(str(self.folder) in part for part in one.info["cmdline"] or ())
            and Path((one.info["cmdline"] or [""])[0]).name == "raylet"
        ]
        return sorted(found, key=lambda one: one.create_time())

    def kill(self, number: int) -> None:
        """Kill a node with all its processes, as a machine that loses its power."""
        raylet = self.raylets()[number]
        for one in [raylet, *raylet.children(recursive=True)]:
            one.send_signal(signal.SIGKILL)

    def end(self) -> None:
        """Kill everything that works below the folder."""
        for one in psutil.process_iter(["cmdline", "environ"]):
            if any(str(self.folder) in part for part in one.info["cmdline"] or ()):
                for child in [*one.children(recursive=True), one]:
                    child.send_signal(signal.SIGKILL)


@contextmanager
def cluster(nodes: int = 3) -> Iterator[RayNodes]:
    """Yield a cluster of so many nodes; its sockets need a short path."""
    with TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        one = RayNodes(free_port(), Path(folder))
        try:
            for _ in range(nodes):
                one.start()
            yield one
        finally:
            one.end()
