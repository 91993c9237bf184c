"""How long entries are kept, and how many bytes of them."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from canting.serving.service.history import History, open_history, upkeep
from canting.serving.service.history.database import writing
from canting.serving.service.history.tables import entries
from canting.serving.service.history.upkeep import ROW_BYTES, HistoryLimits
from tests.history_made import new, picture, stored


def age(history: History, name: str, days: float) -> None:
    created = datetime.now(UTC) - timedelta(days=days)
    with writing(history._engine) as connection:
        connection.execute(sa.update(entries).where(entries.c.id == name).values(created=created))


def test_old_entries_go_at_the_next_start(url: str, folder: Path) -> None:
    history = open_history(url, str(folder), days=30)
    old, young = (history.add(new(), picture()).id for _ in range(2))
    age(history, old, 30.1)
    age(history, young, 29.9)
    history.close()
    history = open_history(url, str(folder), days=30)
    assert [entry.id for entry in history.all()] == stored(folder) == [young]
    history.close()


def test_the_oldest_go_above_the_limit_of_bytes(url: str, folder: Path) -> None:
    history = open_history(url, str(folder))
    kept = [history.add(new(), picture()).id for _ in range(5)]
    each = len(history.picture(kept[0])) + ROW_BYTES
    assert history.retain(HistoryLimits(None, 5 * each)) == 0
    assert history.retain(HistoryLimits(None, 3 * each + 1)) == 2
    assert stored(folder) == sorted(kept[2:]) == sorted(entry.id for entry in history.all())
    assert history.retain(HistoryLimits(None, 1)) == 3
    assert (history.page().total, stored(folder)) == (0, [])
    history.close()


def test_rows_without_pictures_count_too(url: str) -> None:
    history = open_history(url, None, max_bytes=10 * ROW_BYTES)
    for _ in range(upkeep.AFTER_ADDS - 1):
        history.add(new(), None)
    assert history.page().total == upkeep.AFTER_ADDS - 1
    history.add(new(), None)
    assert history.page().total == 10
    history.close()


def test_an_idle_history_forgets_in_time(
    sqlite: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = open_history(sqlite, str(folder), days=1)
    age(history, history.add(new(), picture()).id, 2)
    assert history.page().total == 1
    monkeypatch.setattr(upkeep, "AFTER_SECONDS", 0.0)
    assert (history.page().total, stored(folder)) == (0, [])
    history.close()


def test_limits_that_cannot_be_kept_do_not_lose_the_answer(
    sqlite: str, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    history = open_history(sqlite, str(folder), days=1)
    age(history, history.add(new(), None).id, 2)
    monkeypatch.setattr(upkeep, "AFTER_SECONDS", 0.0)

    def refuse(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("DELETE"):
            raise sa.exc.OperationalError(statement, {}, RuntimeError("gone"))

    event.listen(history._engine, "before_cursor_execute", refuse)
    with caplog.at_level(logging.WARNING):
        kept = history.add(new(), picture())
    assert "could not be kept" in caplog.text
    assert history.get(kept.id) == kept
    history.close()
