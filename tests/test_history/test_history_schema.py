"""Tables of every version are brought up to date or refused, and never dropped."""

import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from canting.core.errors import CantingError
from canting.serving.service.history import Filter, HistoryError, database, open_history
from canting.serving.service.history.migrate import migrate
from canting.serving.service.history.tables import HEAD, VERSION_TABLE, metadata
from tests.history_made import python

OLD = """
INSERT INTO history_entries VALUES ('{id}', '2026-01-31 12:30:00.250000', 'kain.jpg', 'kawung',
0.75, '{{"kawung": 0.75, "parang": 0.25}}', {no}, '', 0.5, 'digest', 0, 640, 480, 'page')
"""
ID = "c0ffee" + "0" * 26


def execute(url: str, *statements: str) -> None:
    engine = database.connect(url)
    with database.writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TIME ZONE 'UTC'")
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def made_at(url: str, version: str) -> None:
    """Make the tables of a version, with a row that is as old as the first."""
    engine = database.connect(url)
    migrate(engine, "0001")
    no = "false" if engine.dialect.name == "postgresql" else "0"
    execute(url, OLD.format(id=ID, no=no))
    migrate(engine, version)
    engine.dispose()


def test_an_older_version_is_brought_up_to_date(url: str, folder: Path) -> None:
    made_at(url, "0001")
    history = open_history(url, str(folder))
    kept = history.get(ID)
    assert kept.created.isoformat() == "2026-01-31T12:30:00.250000+00:00"
    assert (kept.probabilities, kept.corrected) == ({"kawung": 0.75, "parang": 0.25}, None)
    assert history.correct(ID, "parang").corrected == "parang"
    assert history.page(Filter(label="parang")).total == 1
    history.close()
    again = open_history(url, str(folder))
    assert again.get(ID).corrected == "parang"
    again.close()


KILL = """
import sqlalchemy as sa
from sqlalchemy.engine import Engine
@sa.event.listens_for(Engine, "before_cursor_execute")
def kill(connection, cursor, statement, *rest):
    if "history_entries_shown" in statement:
        os.kill(os.getpid(), signal.SIGKILL)
open_history(sys.argv[1], None)
"""


def test_killed_amid_a_migration(url: str) -> None:
    made_at(url, "0001")
    process = python(KILL, url)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, err
    history = open_history(url, None)
    assert history.get(ID).label == "kawung"
    assert history.correct(ID, "parang").corrected == "parang"
    history.close()


@pytest.mark.parametrize("version", ["0004", "9999_from_the_future", ""])
def test_a_newer_or_unknown_version_is_refused_and_left_alone(url: str, version: str) -> None:
    made_at(url, HEAD)
    execute(url, f"UPDATE {VERSION_TABLE} SET version_num = '{version}'")
    with pytest.raises(HistoryError, match="Nothing was changed") as caught:
        open_history(url, None)
    assert caught.value.code == "schema"
    execute(url, f"UPDATE {VERSION_TABLE} SET version_num = '{HEAD}'")
    history = open_history(url, None)
    assert history.get(ID).name == "kain.jpg"
    history.close()


def test_tables_that_canting_did_not_make_are_refused(url: str) -> None:
    execute(
        url, "CREATE TABLE history_entries (id integer)", "INSERT INTO history_entries VALUES (7)"
    )
    with pytest.raises(HistoryError, match="not made by canting") as caught:
        open_history(url, None)
    assert caught.value.code == "schema"
    execute(url, "INSERT INTO history_entries VALUES (8)")


def test_a_version_that_was_lost_is_refused(url: str) -> None:
    made_at(url, HEAD)
    execute(url, f"DELETE FROM {VERSION_TABLE}")
    with pytest.raises(HistoryError, match="not made by canting"):
        open_history(url, None)


@pytest.mark.filterwarnings("ignore:.*expression-based index:Warning")
def test_the_migrations_lead_to_the_tables_that_the_code_uses(url: str) -> None:
    engine = database.connect(url)
    migrate(engine)
    with database.reading(engine) as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        made = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'history_entries_shown'"
            if engine.dialect.name == "sqlite"
            else "SELECT indexdef FROM pg_indexes WHERE indexname = 'history_entries_shown'"
        ).scalars()
        assert all(re.search(r"(?i)coalesce\(corrected, label\)", one) for one in made)
    engine.dispose()


def test_there_is_one_newest_version() -> None:
    config = Config()
    config.set_main_option("script_location", "canting.serving.service.history:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_sqlite_is_set_up_to_lose_nothing(sqlite: str) -> None:
    history = open_history(sqlite, None)
    with database.reading(history._engine) as connection:
        values = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        ]
    assert values == ["wal", 2, 1000, 1]
    history.close()
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"))) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(
    "url", ["", "history.db", "mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "x y"]
)
def test_a_url_that_cannot_be(url: str) -> None:
    with pytest.raises(CantingError, match="URL of the history: expected") as caught:
        open_history(url, None)
    assert "secret" not in str(caught.value)


def test_the_newest_first_is_found_by_an_index(sqlite: str) -> None:
    history = open_history(sqlite, None)
    plans = {
        "SELECT * FROM history_entries ORDER BY created DESC, id DESC": "history_entries_created",
        "SELECT * FROM history_entries WHERE coalesce(corrected, label) = 'a' "
        "ORDER BY created DESC, id DESC": "history_entries_shown",
    }
    with database.reading(history._engine) as connection:
        for query, index in plans.items():
            plan = str(connection.execute(sa.text(f"EXPLAIN QUERY PLAN {query}")).all())
            assert index in plan
            assert "TEMP B-TREE" not in plan
    history.close()
