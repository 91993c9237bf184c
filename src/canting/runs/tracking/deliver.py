"""Send runs to MLflow within a time limit: a dead or slow server costs seconds, never a result."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from canting.core import runtime
from canting.core.errors import CantingError
from canting.runs.tracking import outbox, uri


@dataclass(frozen=True)
class Delivery:
    """How sending went: how many snapshots went out, how many wait, and what is wrong."""

    place: str
    sent: int
    waiting: int
    problem: str

    def __str__(self) -> str:
        """Say so in one or two lines."""
        runs = "1 study" if self.sent == 1 else f"{self.sent} studies"
        if not self.problem:
            return f"{runs} sent to MLflow at {self.place}." if self.sent else "Nothing to send."
        wait = "1 study waits" if self.waiting == 1 else f"{self.waiting} studies wait"
        return (
            f"MLflow at {self.place}: {self.problem}\nNothing is lost: {wait} in "
            f"`{outbox.folder(Path())}`. `canting track` brings MLflow up to date."
        )


def deliver(root: Path, seconds: float) -> Delivery:
    """Send what waits in the outbox of `root`, for at most so many seconds."""
    before = len(outbox.waiting(root))
    problem = _problem(("send",), root, seconds)
    left = len(outbox.waiting(root))
    return Delivery(uri.shown(uri.uri(root)), before - left, left, problem)


def fetch(run: str, root: Path, folder: Path, seconds: float = 120) -> None:
    """Bring the files that a run is compared by; `run` is an id, or the number of a version.

    Raises `CantingError` where there is no such run, or no answer in time.
    """
    command = "version" if run.isdecimal() and len(run) < 32 else "fetch"
    problem = _problem((command, run, str(folder.resolve())), root, seconds)
    if problem:
        at = uri.shown(uri.uri(root))
        raise CantingError(
            f"expected a run that MLflow at {at} has. Received: {run!r}; {problem} "
            f"`{uri.VARIABLE}` names the server."
        )


def _problem(arguments: tuple[str, ...], root: Path, seconds: float) -> str:
    """Run the process that talks to MLflow; return what is wrong, or nothing."""
    environment = {**uri.PATIENT, **os.environ, **runtime.QUIET}
    command = [sys.executable, "-m", "canting.runs.tracking.worker", *arguments]
    try:
        told = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return f"not finished after {seconds:g} seconds."
    lines = told.stderr.strip().splitlines() or [f"exit code {told.returncode}"]
    return "" if told.returncode == 0 else _masked(lines[-1], root)


def _masked(line: str, root: Path) -> str:
    address = uri.uri(root)
    return line.replace(address, uri.shown(address))
