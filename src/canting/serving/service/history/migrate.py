"""Migrate tables of an earlier version; refuse unknown ones."""

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from canting.serving.service.history.database import reading, writing
from canting.serving.service.history.errors import HistoryError
from canting.serving.service.history.tables import HEAD, VERSION_TABLE, entries

_LOCK = 0x63616E74
"""Number of the lock under which PostgreSQL lets one process migrate at a time."""


def migrate(engine: Engine, to: str = HEAD) -> None:
    """Bring the tables to a version; raise `HistoryError` and change nothing if it is unknown."""
    with reading(engine) as connection:
        if version(connection) == to:
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        _upgrade(connection, to)


def require_newest(engine: Engine) -> None:
    """Raise `HistoryError` where the tables are absent or of another version."""
    with reading(engine) as connection:
        found = version(connection)
    if found != HEAD:
        raise HistoryError(
            "schema",
            f"The history has tables of version {found}, expected {HEAD}. Start the service once "
            "to bring them up to date; nothing was changed.",
        )


def version(connection: Connection) -> str | None:
    """Return the last migration of the tables; `None`: there are none yet."""
    tables = sa.inspect(connection).get_table_names()
    if VERSION_TABLE in tables:
        table = sa.table(VERSION_TABLE, sa.column("version_num"))
        if found := connection.scalars(sa.select(table.c.version_num)).all():
            return ", ".join(sorted(found))
    if entries.name in tables:
        raise HistoryError(
            "schema",
            f"The database has a table `{entries.name}` and no version in `{VERSION_TABLE}`, so it "
            "was not made by canting, or damaged. Nothing was changed. Name another database.",
        )
    return None


def _upgrade(connection: Connection, to: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "canting.serving.service.history:migrations")
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    found = version(connection)
    if found is not None and found not in known:
        raise HistoryError(
            "schema",
            f"The history has tables of version {found!a}; this canting knows "
            f"{', '.join(sorted(known))}. Nothing was changed. Install a newer canting, or name "
            "another database.",
        )
    command.upgrade(config, to)
