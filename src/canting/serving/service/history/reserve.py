"""Space kept beside an SQLite database, so that on a full disk there is room for deleting."""

import contextlib
import os
from pathlib import Path

from sqlalchemy import Engine

BYTES = 512 * 1024
"""More than the pages that SQLite writes for the rows of one deletion."""


def keep(engine: Engine) -> None:
    """Take the space, if it is there and not taken yet."""
    path = _path(engine)
    if path is None or path.exists():
        return
    try:
        with path.open("xb") as file:
            os.posix_fallocate(file.fileno(), 0, BYTES)
    except (OSError, AttributeError):  # a full or read-only disk; macOS has no `posix_fallocate`
        path.unlink(missing_ok=True)


def release(engine: Engine) -> bool:
    """Give the space back; return whether there was any."""
    path = _path(engine)
    if path is None:
        return False
    with contextlib.suppress(OSError):
        path.unlink()
        return True
    return False


def _path(engine: Engine) -> Path | None:
    database = engine.url.database or ""
    if engine.dialect.name != "sqlite" or database.startswith("file:"):
        return None
    return Path(f"{database}-reserve")
