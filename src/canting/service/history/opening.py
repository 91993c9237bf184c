"""A history is opened: its tables brought up to date, checked, and what was left is removed."""

import sqlalchemy as sa
from sqlalchemy import Engine

from canting.service.history.database import connect, reading, shown
from canting.service.history.errors import HistoryError
from canting.service.history.failures import ADVICE
from canting.service.history.history import History
from canting.service.history.migrate import migrate
from canting.service.history.pictures import Pictures
from canting.service.history.tables import store
from canting.service.history.upkeep import Limits


def open_history(
    url: str,
    pictures: str | None,
    *,
    days: int | None = None,
    max_bytes: int | None = None,
    picture_side: int = 1024,
    make: bool = True,
) -> History:
    """Open a history and do its upkeep; raise `HistoryError` where it is unusable.

    `url` is SQLAlchemy's, of SQLite or PostgreSQL; `pictures` a folder or a URL of fsspec, `None`
    keeps no pictures. Entries are deleted after `days`, the oldest also above `max_bytes`.
    Without `make`, an SQLite file that is not there is an error.
    """
    engine = connect(url, make=make)
    try:
        migrate(engine)
        check(engine)
        places = pictures_of(engine, pictures)
        history = History(engine, places, Limits(days, max_bytes), picture_side)
        history.retain()
        history.sweep()
    except BaseException:
        engine.dispose()
        raise
    return history


def pictures_of(engine: Engine, url: str | None) -> Pictures | None:
    """Return the pictures of a database."""
    if url is None:
        return None
    with reading(engine) as connection:
        return Pictures(url, connection.scalars(sa.select(store.c.id)).one())


def check(engine: Engine, *, whole: bool = False) -> None:
    """Raise `HistoryError` where SQLite finds its file damaged; `whole`: compare indexes too."""
    if engine.dialect.name != "sqlite":
        return
    pragma = "integrity_check" if whole else "quick_check"
    with reading(engine) as connection:
        found = connection.exec_driver_sql(f"PRAGMA {pragma}(1)").scalar_one()
    if found != "ok":
        advice = ADVICE["damaged"]
        raise HistoryError("damaged", f"`{shown(engine)}` cannot be used ({found}). {advice}")
