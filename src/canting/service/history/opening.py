"""A history is opened: its tables brought up to date, checked, and what was left is removed."""

import logging

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

_log = logging.getLogger(__name__)


def open_history(
    url: str,
    pictures: str | None,
    *,
    days: int | None = None,
    max_bytes: int | None = None,
    picture_side: int = 1024,
) -> History:
    """Open a history, making it where there is none; raise `HistoryError` where it is unusable.

    `url` is SQLAlchemy's, of SQLite or PostgreSQL; `pictures` a folder or a URL of fsspec, `None`
    keeps no pictures. Entries are deleted after `days`, the oldest also above `max_bytes`.
    """
    engine = connect(url)
    try:
        migrate(engine)
        check(engine)
        places = None if pictures is None else Pictures(pictures, store_name(engine))
        history = History(engine, places, Limits(days, max_bytes), picture_side)
        history.sweep()
        history.retain()
    except BaseException:
        engine.dispose()
        raise
    return history


def store_name(engine: Engine) -> str:
    """Return the name of the folder of a database's pictures."""
    with reading(engine) as connection:
        return str(connection.scalars(sa.select(store.c.id)).one())


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
