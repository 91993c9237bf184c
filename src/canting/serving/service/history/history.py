"""The history: add, list, correct and delete answers and their pictures."""

import logging
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine

from canting.serving.service.history import adding, queries, texts, upkeep
from canting.serving.service.history.database import reading, writing
from canting.serving.service.history.entries import EVERY, Entry, Filter, NewEntry, Page
from canting.serving.service.history.errors import HistoryError, UnknownEntry, failure
from canting.serving.service.history.export import export
from canting.serving.service.history.pictures import PictureStore, thumbnail
from canting.serving.service.history.tables import entries
from canting.serving.service.history.upkeep import Due, HistoryLimits

_THUMBNAILS = 256
"""Thumbnails that are held in memory, about 12 kB each."""

_log = logging.getLogger(__name__)


class History:
    """Answers that are kept; used by many threads and processes at once.

    Every method raises `HistoryError` where the store cannot be read or written, and those that
    take an id raise `UnknownEntry`, also for an entry that is not of the `owner` who is given.
    """

    def __init__(
        self, engine: Engine, pictures: PictureStore | None, limits: HistoryLimits, secret: str
    ) -> None:
        """Take the parts that `open_history` has made; `secret` is that of the store."""
        self.secret = secret
        self._engine = engine
        self._pictures = pictures
        self._limits = limits
        self._due = Due()
        self._small = lru_cache(_THUMBNAILS)(self._thumbnail)

    def add(self, new: NewEntry, picture: bytes | None) -> Entry:
        """Keep an answer and, where pictures are kept, its picture, a JPEG; return the entry.

        Raise `InvalidValue` for a figure that is not finite.
        """
        entry = adding.add(self._engine, self._pictures, new, picture)
        self._keep_limits(added=1)
        return entry

    def page(self, which: Filter = EVERY, page: int = 1, size: int = 24) -> Page:
        """Return a page of the newest entries first; raise `UnknownEntry` where there is none."""
        self._keep_limits()
        return queries.page(self._engine, which, page, size, pictures=self._keeps)

    def all(self, which: Filter = EVERY) -> Iterator[Entry]:
        """Yield every entry, the newest first, without holding them all."""
        return queries.every(self._engine, which, pictures=self._keeps)

    def labels(self, owner: str | None = None) -> list[str]:
        """Return the labels that `Filter.label` finds something for."""
        return queries.labels(self._engine, owner)

    def get(self, name: str, owner: str | None = None) -> Entry:
        """Return the entry with this id."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(entries).where(*_is(name, owner))).one_or_none()
        if row is None:
            raise _unknown(name)
        return queries.entry(row, pictures=self._keeps)

    def correct(self, name: str, label: str | None, owner: str | None = None) -> Entry:
        """Keep the label that a person gave, or take it back; raise `InvalidValue` for no label."""
        corrected = None if label is None else texts.label(label)
        statement = sa.update(entries).where(*_is(name, owner)).values(corrected=corrected)
        with writing(self._engine) as connection:
            if connection.execute(statement).rowcount == 0:
                raise _unknown(name)
        return self.get(name)

    def delete(self, name: str, owner: str | None = None) -> None:
        """Delete an entry and its picture."""
        if not self._delete(*_is(name, owner)):
            raise _unknown(name)

    def picture(self, name: str, owner: str | None = None) -> bytes:
        """Return the picture of an entry as JPEG; raise `UnknownEntry` where it is not kept."""
        content = self._read(self.get(name, owner))
        if content is None:
            raise UnknownEntry(f"The picture of entry `{name}` is not stored.")
        return content

    def thumbnail(self, name: str, owner: str | None = None) -> bytes:
        """Return the picture of an entry as JPEG of at most 256 × 256 pixels."""
        return self._small(self.get(name, owner).id)

    def export_corrections(self, folder: Path) -> dict[str, int]:
        """Add the corrected pictures to a folder as `<label>/<id>.jpg`, with a table of them.

        Return how many are new, by label; what is there already is left as it is.
        """
        corrected = queries.every(
            self._engine, EVERY, entries.c.corrected.is_not(None), pictures=True
        )
        try:
            return export(corrected, self._read, folder)
        except OSError as error:
            raise failure(str(folder), error) from error

    def sweep(self) -> int:
        """Remove the pictures that a killed process left without an entry; count them."""
        return 0 if self._pictures is None else upkeep.sweep(self._engine, self._pictures)

    def retain(self, limits: HistoryLimits | None = None) -> int:
        """Delete the entries beyond the history's limits, or beyond others; count them."""
        return self._forgotten(upkeep.retain(self._engine, self._pictures, limits or self._limits))

    def close(self) -> None:
        """Close the connections; the history can't be used any more."""
        self._small.cache_clear()
        self._engine.dispose()

    @property
    def _keeps(self) -> bool:
        return self._pictures is not None

    def _read(self, entry: Entry) -> bytes | None:
        if self._pictures is None or not entry.has_picture:
            return None
        return self._pictures.read(entry.id)

    def _thumbnail(self, name: str) -> bytes:
        return thumbnail(self.picture(name))

    def _delete(self, *which: ColumnElement[bool]) -> int:
        return self._forgotten(upkeep.delete(self._engine, self._pictures, *which))

    def _forgotten(self, deleted: int) -> int:
        if deleted:
            self._small.cache_clear()
        return deleted

    def _keep_limits(self, added: int = 0) -> None:
        if not self._due.now(added):
            return
        try:
            self.retain()
        except HistoryError as error:  # the entry that was just added is kept all the same
            _log.warning("the limits of the history could not be kept: %s", error)


def _is(name: str, owner: str | None) -> list[ColumnElement[bool]]:
    if not re.fullmatch("[0-9a-f]{32}", name):
        raise _unknown(name)
    return [entries.c.id == name, *queries.conditions(Filter(owner=owner))]


def _unknown(name: str) -> UnknownEntry:
    return UnknownEntry(f"The history has no entry {name[:40]!a}. It may have been deleted.")
