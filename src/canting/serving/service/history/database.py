"""Database engines: SQLite or PostgreSQL by URL, configured for durability."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from canting.core.errors import CantingError
from canting.serving.service.history.errors import ADVICE, HistoryError, as_history_errors, failure

WAIT = 1
"""Seconds that a connection waits for another program to end its writing."""

TURN = 5
"""Seconds that a thread waits for those before it, each of which writes or gives up."""

TURN = 5
"""Seconds that a thread waits for those before it, each of which writes or gives up."""

LONGEST = 60
"""Seconds that a statement of PostgreSQL may take."""

# A commit is on the disk when it returns (FULL), also should the power fail; deleted content is
# overwritten; freed pages are reused.
_PRAGMAS = (
    f"busy_timeout = {WAIT * 1000}",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
)


def connect(url: str, *, make: bool = True) -> Engine:
    """Return the engine of a database; `make`: with the folder for SQLite's file."""
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        named = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(
            named, pool_pre_ping=True, connect_args={"connect_timeout": 2 * WAIT}
        )
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    _check_file(parsed, make=make)
    turn = {"turn": threading.Lock()}
    engine = create_engine(parsed.set(drivername="sqlite+pysqlite"), execution_options=turn)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a transaction that sees one state; raise `HistoryError`."""
    with as_history_errors(shown(engine)), engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a transaction that may write, at once or not at all."""
    writer = engine.execution_options(writes=True)
    with _turn(engine), as_history_errors(shown(engine)), writer.begin() as connection:
        yield connection


def shown(engine: Engine) -> str:
    """Return the URL without its password."""
    return engine.url.render_as_string(hide_password=True)


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    # SQLite lets its writers poll, so that of many threads some would never have their turn.
    lock = engine.get_execution_options().get("turn", threading.Lock())
    if not lock.acquire(timeout=TURN):
        message = f"`{shown(engine)}` cannot be used (others write). {ADVICE['locked']}"
        raise HistoryError("locked", message)
    try:
        yield
    finally:
        lock.release()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except ArgumentError:
        raise _bad("no URL") from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise _bad(f"`{parsed.drivername}`")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise _bad("SQLite in memory")
    return parsed


def _bad(received: str) -> CantingError:
    return CantingError(
        "URL of the history: expected `sqlite:///FILE` or "
        f"`postgresql://USER:PASSWORD@HOST/NAME`. Received: {received}. Correct it."
    )


def _check_file(url: URL, *, make: bool) -> None:
    path = Path(url.database or "")
    if str(path).startswith("file:"):
        return
    if not make and not path.exists():
        raise HistoryError("unreachable", f"`{path}` is not there. Name the history's database.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise failure(str(path), error) from error


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    # SQLite's own knows the case of ASCII letters alone.
    connection.create_function("lower", 1, lambda text: text and text.lower(), deterministic=True)


def _prepare_postgresql(connection: Any, _: Any) -> None:
    connection.execute(f"SET lock_timeout = '{WAIT}s'")
    connection.execute(f"SET statement_timeout = '{LONGEST}s'")
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail at once where another writes.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
