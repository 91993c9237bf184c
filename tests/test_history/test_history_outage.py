"""A database that is away for a while, beneath a service that runs."""

import time
from pathlib import Path

import pytest

from tests.conftest import in_time
from tests.service_fixtures import Server, bundle, encoded, running
from tests.test_history.conftest import Database

__all__ = ["bundle"]


def answered(server: Server) -> bool:
    saved: bool = server.answer(encoded())["history_saved"]
    return saved


def pictures(server: Server) -> set[str]:
    return {path.stem for path in (server.folder / "history").rglob("*.jpg")}


@pytest.mark.slow
def test_postgresql_away_loses_nothing_and_leaves_nothing(
    own_database: Database, bundle: Path, tmp_path: Path
) -> None:
    with running(tmp_path, bundle, history="public", history_url=own_database.url) as server:
        assert [answered(server) for _ in range(3)] == [True] * 3
        own_database.stop()
        with in_time():  # by itself, the driver waits for each
            assert [answered(server) for _ in range(20)] == [False] * 20
        assert server.client.get("/history").status_code == 503
        own_database.start()
        end = time.monotonic() + 20
        while not answered(server) and time.monotonic() < end:
            time.sleep(0.2)
        assert answered(server)
        while len(pictures(server)) != server.entries() and time.monotonic() < end:
            time.sleep(0.1)
        entries = server.client.get("/api/history?size=100").json()["entries"]
        assert pictures(server) == {entry["id"] for entry in entries}
