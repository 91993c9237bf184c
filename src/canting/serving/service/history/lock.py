"""A lock between processes of one machine, which the system releases when its holder dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canting.serving.service.history.errors import failure

PATIENCE = 1.0
"""Seconds to wait for a moment in which nobody holds the lock."""


class Lock:
    """Held by many at once; `passed` waits for a moment in which none of them does."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is made at the first use and never removed."""
        self._path = path

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold the lock together with others."""
        descriptor = self._opened()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)

    def passed(self) -> bool:
        """Return whether, in the seconds of `PATIENCE`, all have released what they held."""
        descriptor = self._opened()
        end = time.monotonic() + PATIENCE
        try:
            while not _taken(descriptor):
                if time.monotonic() > end:
                    return False
                time.sleep(0.01)
            return True
        finally:
            os.close(descriptor)

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise failure(str(self._path), error) from error


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
