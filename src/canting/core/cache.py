"""What is kept below `.canting`: read whole or made again, and left alone while a stage uses it."""

import sqlite3
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from canting.core.errors import CantingError

Content = TypeVar("Content")

DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)
"""What reading half a file, or a file of something else, can raise."""

LOCK = "lock.sqlite"
PATIENCE = 60.0
"""Seconds that a stage waits for a clean-up, which is quicker, to end."""


def read_whole(path: Path, reader: Callable[[Path], Content]) -> Content | None:
    """Return what a file holds; a damaged one is dropped with a warning. `None`: make it again."""
    if not path.exists():
        return None
    try:
        return reader(path)
    except DAMAGED as error:
        warnings.warn(f"`{path}` is damaged and is made again ({error}).", stacklevel=3)
        path.unlink(missing_ok=True)
        return None


@contextmanager
def used(folder: Path) -> Iterator[None]:
    """Keep what a folder holds from being cleaned up; a killed process holds it no longer."""
    with _connected(folder, PATIENCE) as lock:
        lock.execute("BEGIN")
        try:
            lock.execute("SELECT * FROM sqlite_master").fetchall()
        except sqlite3.OperationalError as error:
            raise CantingError(
                f"`{folder}` is held by `canting clean` ({error}). Run again when that has ended."
            ) from None
        yield


@contextmanager
def unused(folder: Path) -> Iterator[None]:
    """Hold a folder alone; raise `CantingError` where a stage uses it."""
    with _connected(folder, 0) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise CantingError(
                f"A stage is running and uses `{folder}`. Nothing was removed. Wait until it ends."
            ) from None
        yield


@contextmanager
def _connected(folder: Path, seconds: float) -> Iterator[sqlite3.Connection]:
    """Yield a database whose lock ends with its process, on every system."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    with closing(sqlite3.connect(path, timeout=seconds, isolation_level=None)) as lock:
        yield lock
