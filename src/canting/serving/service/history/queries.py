"""Database queries of the history, all with bound parameters."""

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine, Row, Select

from canting.serving.service.history.database import reading
from canting.serving.service.history.entries import Entry, Filter, Page
from canting.serving.service.history.errors import InvalidValue, UnknownEntry
from canting.serving.service.history.tables import entries, shown
from canting.serving.service.history.texts import LONGEST_NAME, is_storable

NEWEST = (entries.c.created.desc(), entries.c.id.desc())


def entry(row: Row[Any], *, pictures: bool) -> Entry:
    """Return a row as an entry; without `pictures`, none is kept."""
    values = dict(row._mapping)
    picture_bytes = values.pop("picture_bytes")
    return Entry(has_picture=pictures and picture_bytes > 0, **values)


def conditions(which: Filter) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter; raise `InvalidValue` for a time without a zone."""
    found: list[ColumnElement[bool]] = []
    if which.label is not None:
        found.append(shown == which.label if is_storable(which.label) else sa.false())
    if which.since is not None:
        found.append(entries.c.created >= _utc("since", which.since))
    if which.until is not None:
        found.append(entries.c.created < _utc("until", which.until))
    if which.abstained is not None:
        found.append(entries.c.abstained == which.abstained)
    if which.owner is not None:
        found.append(entries.c.owner == which.owner)
    if which.name is not None:
        found.append(_named(which.name))
    return found


def _named(part: str) -> ColumnElement[bool]:
    """Return the condition that a file's name contains a text; its signs mean themselves."""
    text = unicodedata.normalize("NFC", part)
    is_some = len(text) <= LONGEST_NAME and is_storable(text)
    return entries.c.name.icontains(text, autoescape=True) if is_some else sa.false()


def _utc(name: str, time: datetime) -> datetime:
    if time.tzinfo is None:
        raise InvalidValue(f"`{name}`: expected a time with a zone. Received: {time}. Add one.")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        message = f"`{name}`: expected a time that is one in UTC. Received: {time}. Correct it."
        raise InvalidValue(message) from None


def matching(which: Filter) -> Select[Any]:
    """Return the entries of a filter, the newest first."""
    return sa.select(entries).where(*conditions(which)).order_by(*NEWEST)


def some(which: Filter, size: int, start: int) -> Select[Any]:
    """Return `size` of the entries of a filter; those before are skipped in the index alone."""
    names = matching(which).with_only_columns(entries.c.id).limit(size).offset(start)
    return sa.select(entries).where(entries.c.id.in_(names)).order_by(*NEWEST)


def counted(which: Filter) -> Select[Any]:
    """Return how many entries a filter has."""
    return sa.select(sa.func.count()).select_from(entries).where(*conditions(which))


def before(last: Entry) -> ColumnElement[bool]:
    """Return the condition of the entries that come after `last`, the newest being first."""
    key = sa.tuple_(entries.c.created, entries.c.id)
    return key < sa.tuple_(
        sa.literal(last.created, entries.c.created.type), sa.literal(last.id, entries.c.id.type)
    )


LARGEST = 500
"""Entries of a page."""

AT_ONCE = 500
"""Entries that are read at once where all are."""


def page(engine: Engine, which: Filter, number: int, size: int, *, pictures: bool) -> Page:
    """Return a page, counted from 1; the first is there even where nothing is found.

    Raise `UnknownEntry` for one after the last.
    """
    _check("size", size, LARGEST)
    _check("page", number, None)
    with reading(engine) as connection:
        total = int(connection.execute(counted(which)).scalar_one())
        pages = max(1, -(-total // size))
        if number > pages:
            raise UnknownEntry(f"The history has no page {number}; the last is {pages}.")
        rows = connection.execute(some(which, size, (number - 1) * size)).all()
    found = tuple(entry(row, pictures=pictures) for row in rows)
    return Page(found, total, number, pages)


def every(
    engine: Engine, which: Filter, *further: ColumnElement[bool], pictures: bool
) -> Iterator[Entry]:
    """Yield all entries; what is added or deleted meanwhile may be left out or there."""
    some = matching(which).where(*further).limit(AT_ONCE)
    following = some
    while True:
        with reading(engine) as connection:
            rows = connection.execute(following).all()
        found = [entry(row, pictures=pictures) for row in rows]
        yield from found
        if len(found) < AT_ONCE:
            return
        following = some.where(before(found[-1]))


def labels(engine: Engine, owner: str | None) -> list[str]:
    """Return every label that counts for an entry, each by one step in the index."""
    if owner is not None:
        with reading(engine) as connection:
            mine = sa.select(shown).where(entries.c.owner == owner).distinct()
            return sorted(connection.scalars(mine))
    found: list[str] = []
    following = sa.select(shown).order_by(shown).limit(1)
    with reading(engine) as connection:
        one = connection.scalar(following)
        while one is not None:
            found.append(one)
            one = connection.scalar(following.where(shown > one))
    return sorted(found)


def _check(name: str, value: int, most: int | None) -> None:
    if value < 1 or (most is not None and value > most):
        expected = "at least 1" if most is None else f"1 to {most}"
        raise InvalidValue(f"`{name}`: expected {expected}. Received: {value}. Choose another.")
