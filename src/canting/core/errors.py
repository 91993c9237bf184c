"""Errors that the user can fix, and how a program ends on them: one line and an exit code."""

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType


class CantingError(Exception):
    """An input or a fault that the user can fix; the message says how.

    A message names the key or file, says what was expected, what was received, and what to do.
    """


INTERRUPTED, CLOSED_PIPE = 130, 141
"""Exit codes as of a process that SIGINT or SIGPIPE ends: 128 and the signal's number."""


@contextmanager
def ending(name: str, after: str = "") -> Iterator[None]:
    """End the program in one line where it cannot go on, with the exit code that shells expect.

    That is on a `CantingError`, Ctrl+C, a full disk; without a word where nobody reads on
    (`… | head`). `after` tells what Ctrl+C leaves behind.
    """
    try:
        try:
            yield
        finally:  # a pipe that is closed, and a disk that is full, show when the rest is written
            sys.stdout.flush()
    except CantingError as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        print(f"{name}: interrupted.{after and ' '}{after}", file=sys.stderr, flush=True)
        os._exit(INTERRUPTED)  # native threads that still work would abort a slower end
    except BrokenPipeError:
        _close(1, 2)
        sys.exit(CLOSED_PIPE)
    except OSError as error:
        if (fault := no_room(error) or _closed(error)) is None:
            raise
        _close(1)
        sys.exit(f"{name}: {fault}, then run again; no output was damaged.")


def end_quietly() -> None:
    """Let Ctrl+C end the imports of a program without a traceback, before it is in `ending`."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _interrupted


def _interrupted(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, at)
        return
    print("interrupted.", file=sys.stderr, flush=True)
    os._exit(INTERRUPTED)


def no_room(error: OSError) -> str | None:
    """Return what is full and what to do, else None."""
    if error.errno in _FULL:
        return _FULL[error.errno]
    if error.errno is None and _UNWRITTEN.search(str(error)):
        return _FULL[errno.ENOSPC]
    return None


def _closed(error: OSError) -> str | None:
    """Return which file may not be read or written and what to do, else None."""
    if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS) or error.filename is None:
        return None
    return f"`{error.filename}` cannot be used: {error.strerror}. Make it readable and writable"


_FULL = {
    errno.ENOSPC: "the disk is full. Free some space",
    errno.EDQUOT: "your quota of the disk is used up. Free some space",
    errno.EFBIG: "a file reached the largest size that is allowed. Raise it (`ulimit -f`)",
}

_UNWRITTEN = re.compile(r"^\d+ requested and \d+ written$|No space left on device|quota exceeded")
"""NumPy's and HDF5's errors, which have no number."""


def _close(*streams: int) -> None:
    """Send to nowhere what Python would still write at its end, and would fail at."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream)
    os.close(nowhere)
