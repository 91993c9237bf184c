"""Open a history: migrate and check its tables, and remove leftovers."""

import sqlalchemy as sa
from sqlalchemy import Engine

from canting.serving.service.history import reserve
from canting.serving.service.history.database import connect, reading, shown
from canting.serving.service.history.errors import ADVICE, HistoryError
from canting.serving.service.history.history import History
from canting.serving.service.history.migrate import migrate
from canting.serving.service.history.pictures import PictureStore
from canting.serving.service.history.tables import store
from canting.serving.service.history.upkeep import HistoryLimits


def open_history(
    url: str,
    pictures: str | None,
    *,
    days: int | None = None,
    max_bytes: int | None = None,
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
        reserve.keep(engine)
        places = pictures_of(engine, pictures)
        history = History(engine, places, HistoryLimits(days, max_bytes), _secret(engine))
        history.retain()
        history.sweep()
    except BaseException:
        engine.dispose()
        raise
    return history


def pictures_of(engine: Engine, url: str | None) -> PictureStore | None:
    """Return the pictures of a database."""
    if url is None:
        return None
    with reading(engine) as connection:
        return PictureStore(url, connection.scalars(sa.select(store.c.id)).one())


def _secret(engine: Engine) -> str:
    with reading(engine) as connection:
        secret: str = connection.scalars(sa.select(store.c.secret)).one()
    return secret


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
