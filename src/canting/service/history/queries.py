"""The questions that a history asks its database, all with bound parameters."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row, Select

from canting.service.history.entries import Entry, Filter
from canting.service.history.errors import InvalidValue
from canting.service.history.tables import entries, shown
from canting.service.history.words import is_storable

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
    return found


def _utc(name: str, time: datetime) -> datetime:
    if time.tzinfo is None:
        raise InvalidValue(f"`{name}`: expected a time with a zone. Received: {time}. Add one.")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        message = f"`{name}`: expected a time that is one in UTC. Received: {time}. Mend it."
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
