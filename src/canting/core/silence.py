"""Silence lines that native code of libraries prints past Python."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_ONE = Lock()


@contextmanager
def silence() -> Iterator[None]:
    """Keep what native code writes to standard error from it; one thread at a time."""
    with _ONE:
        sys.stderr.flush()
        shown, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        try:
            yield
        finally:
            os.dup2(shown, 2)
            os.close(shown)
            os.close(nowhere)
