"""Entries page by page, or all in turn."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine

from canting.service.history import queries
from canting.service.history.database import reading
from canting.service.history.entries import Entry, Filter, Page
from canting.service.history.errors import InvalidValue
from canting.service.history.tables import shown

LARGEST = 500
"""Entries of a page."""

AT_ONCE = 500
"""Entries that are read at once where all are."""


def page(engine: Engine, which: Filter, number: int, size: int, *, pictures: bool) -> Page:
    """Return a page, counted from 1; the first is there even where nothing is found."""
    _check("size", size, LARGEST)
    _check("page", number, None)
    with reading(engine) as connection:
        total = int(connection.execute(queries.counted(which)).scalar_one())
        pages = max(1, -(-total // size))
        _check("page", number, pages)
        rows = connection.execute(queries.some(which, size, (number - 1) * size)).all()
    found = tuple(queries.entry(row, pictures=pictures) for row in rows)
    return Page(found, total, number, pages)


def every(
    engine: Engine, which: Filter, *further: ColumnElement[bool], pictures: bool
) -> Iterator[Entry]:
    """Yield all entries; what is added or deleted meanwhile may be left out or there."""
    some = queries.matching(which).where(*further).limit(AT_ONCE)
    following = some
    while True:
        with reading(engine) as connection:
            rows = connection.execute(following).all()
        found = [queries.entry(row, pictures=pictures) for row in rows]
        yield from found
        if len(found) < AT_ONCE:
            return
        following = some.where(queries.before(found[-1]))


def labels(engine: Engine) -> list[str]:
    """Return every label that counts for an entry, each by one step in the index."""
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
