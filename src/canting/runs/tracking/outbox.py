"""Snapshots of runs that no server has yet."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from canting.config.stage import CACHE
from canting.runs.tracking import snapshot

LOCK = "lock.sqlite"


def folder(root: Path) -> Path:
    """Return the folder of the outbox; git and DVC pass it over."""
    return root / CACHE / "outbox"


def put(run: Path, root: Path) -> str:
    """Put a snapshot of the run at `run` into the outbox of `root`; return its digest.

    One that waits already stays: a part of it may have been sent, with its times.
    """
    digest = snapshot.digest(run)
    if not (folder(root) / digest).exists():
        snapshot.take(run, folder(root) / digest)
    return digest


def waiting(root: Path) -> list[Path]:
    """Return the snapshots that wait, the oldest first."""
    found = folder(root).glob(f"*/{snapshot.ABOUT}")
    whole = [path.parent for path in found if not path.parent.name.startswith(".")]
    return sorted(whole, key=lambda path: (path.stat().st_mtime, path.name))


def remove(entry: Path) -> None:
    """Take a snapshot out of the outbox at one stroke, so that half of one is never sent."""
    gone = entry.with_name(f".{entry.name}.gone")
    entry.replace(gone)
    shutil.rmtree(gone)


@contextmanager
def alone(root: Path, seconds: float) -> Iterator[None]:
    """Keep other senders out; a lock of SQLite ends with its process, on every system."""
    folder(root).mkdir(parents=True, exist_ok=True)
    path = folder(root) / LOCK
    with closing(sqlite3.connect(path, timeout=seconds, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        _sweep(root)
        yield


def _sweep(root: Path) -> None:
    """Remove what a killed sender had begun to remove."""
    for gone in folder(root).glob(".*.gone"):
        shutil.rmtree(gone)
