"""A history on each database: SQLite, and PostgreSQL where its programs are found."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from canting.serving.service.history import History, open_history
from tests.conftest import slow

NAMES = itertools.count()
USERS = ("postgres", "nobody")


def programs() -> Path:
    """Return the folder of PostgreSQL's programs, or skip."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/opt").glob("homebrew/bin")]
    if found := shutil.which("initdb"):
        places.append(Path(found).resolve().parent)
    for place in places:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    pytest.skip("needs PostgreSQL's `initdb` and `pg_ctl`")


def as_user(folder: Path) -> list[str]:
    """Return what begins a command that PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return []
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in USERS if name in known), None)
    if user is None or shutil.which("runuser") is None:
        pytest.skip("needs `runuser` and a user other than root for PostgreSQL")
    shutil.chown(folder, user)
    return ["runuser", "-u", user, "--"]


class Database:
    """A PostgreSQL server in a temporary folder."""

    def __init__(self) -> None:
        """Make and start it, or skip."""
        self._programs = programs()
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._prefix = as_user(self.folder)
        self._call(
            "initdb", "-U", "canting", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
        )
        self.url = f"postgresql://canting@/postgres?host={self.folder}"
        self.start()

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self._call("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        self._call("pg_ctl", "-m", "immediate", "stop")

    def _call(self, program: str, *arguments: str) -> None:
        data = ["-D", str(self.folder / "data")]
        command = [*self._prefix, str(self._programs / program), *data, *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Yield the URL of a server that all tests share."""
    one = Database()
    yield one.url
    one.stop()
    shutil.rmtree(one.folder)


@pytest.fixture
def own_database() -> Iterator[Database]:
    """Yield a server that may be stopped."""
    one = Database()
    yield one
    one.stop()
    shutil.rmtree(one.folder)


@pytest.fixture
def postgresql(server: str) -> str:
    """Return the URL of an empty schema, which is made more quickly than a database."""
    name = f"history_{next(NAMES)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{server}&options=-csearch_path%3D{name}"


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/history/history.db"


@pytest.fixture(params=["sqlite", *slow("postgresql")])
def url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty database of each kind."""
    made: str = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


@pytest.fixture
def history(url: str, folder: Path) -> Iterator[History]:
    opened = open_history(url, str(folder))
    yield opened
    opened.close()
