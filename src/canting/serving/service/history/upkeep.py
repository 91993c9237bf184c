"""Schedule of the history's upkeep."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine

from canting.serving.service.history import reserve
from canting.serving.service.history.database import reading, writing
from canting.serving.service.history.errors import HistoryError
from canting.serving.service.history.pictures import PictureStore
from canting.serving.service.history.queries import NEWEST
from canting.serving.service.history.tables import entries

AFTER_ADDS = 20
AFTER_SECONDS = 3600.0


class Due:
    """Counts additions and time since the limits were last kept; for many threads."""

    def __init__(self) -> None:
        """Begin with limits that were just kept."""
        self._lock = threading.Lock()
        self._begin()

    def now(self, added: int = 0) -> bool:
        """Count additions; return once that it is time, and start again."""
        with self._lock:
            self._added += added
            elapsed = time.monotonic() - self._since
            if self._added < AFTER_ADDS and elapsed < AFTER_SECONDS:
                return False
            self._begin()
            return True

    def _begin(self) -> None:
        self._added = 0
        self._since = time.monotonic()


ROW_BYTES = 1024
"""What a row with its indexes takes in the database, roughly."""

AT_ONCE = 500
"""Rows that are deleted in one transaction."""


class HistoryLimits(NamedTuple):
    """How long entries are kept, and how many bytes of them; `None`: without limit."""

    days: int | None
    max_bytes: int | None


def sweep(engine: Engine, pictures: PictureStore) -> int:
    """Remove the pictures that have no entry and will get none; return how many."""
    return pictures.remove(orphans(engine, pictures))


def orphans(engine: Engine, pictures: PictureStore) -> list[str]:
    """List the pictures that have no entry and will get none.

    Where it cannot be known whether a process is about to commit, young pictures are left out.
    """
    found = pictures.sizes()
    settled = pictures.settled()
    with reading(engine) as connection:
        has_picture = sa.select(entries.c.id).where(entries.c.picture_bytes > 0)
        known = set(connection.scalars(has_picture))
    return [name for name in found if name not in known and (settled or pictures.is_old(name))]


def retain(engine: Engine, pictures: PictureStore | None, limits: HistoryLimits) -> int:
    """Delete entries that are too old, then the oldest above the limit of bytes; count them."""
    old = 0 if limits.days is None else delete(engine, pictures, _older(limits.days))
    if limits.max_bytes is not None and _used(engine) > limits.max_bytes:
        old += delete(engine, pictures, _above(limits.max_bytes))
    return old


def delete(engine: Engine, pictures: PictureStore | None, *which: ColumnElement[bool]) -> int:
    """Delete rows, the oldest first, then their pictures; return how many rows.

    Of many rows a few at a time, so that others can write in between.
    """
    oldest = sa.select(entries.c.id).where(*which).order_by(entries.c.created, entries.c.id)
    with reading(engine) as connection:
        names = list(connection.scalars(oldest))
    some = range(0, len(names), AT_ONCE)
    return sum(_delete(engine, pictures, names[start : start + AT_ONCE]) for start in some)


def _delete(engine: Engine, pictures: PictureStore | None, names: list[str]) -> int:
    """Delete rows, then their pictures; on a full disk with the space that is kept for that."""
    try:
        return _deleted(engine, pictures, names)
    except HistoryError as error:
        if error.code != "full" or not reserve.release(engine):
            raise
        return _deleted(engine, pictures, names)
    finally:
        reserve.keep(engine)


def _deleted(engine: Engine, pictures: PictureStore | None, names: list[str]) -> int:
    statement = sa.delete(entries).where(entries.c.id.in_(names)).returning(entries.c.id)
    with writing(engine) as connection:
        deleted = list(connection.scalars(statement))
    if pictures is not None:
        pictures.remove(deleted)
    return len(deleted)


def _older(days: int) -> ColumnElement[bool]:
    return entries.c.created < datetime.now(UTC) - timedelta(days=days)


def _used(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.scalar(sa.select(sa.func.sum(_size))) or 0)


_size = entries.c.picture_bytes + ROW_BYTES


def _above(max_bytes: int) -> ColumnElement[bool]:
    newer = sa.func.sum(_size).over(order_by=NEWEST).label("newer")
    sums = sa.select(entries.c.id, newer).subquery()
    return entries.c.id.in_(sa.select(sums.c.id).where(sums.c.newer > max_bytes))
