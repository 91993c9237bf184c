"""Locked, full, read-only, killed, shared by processes: nothing is lost, nothing left half."""

import locale
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from canting.serving.service.history import Filter, History, HistoryError, open_history
from canting.serving.service.history.database import reading
from tests.history_made import new, opened, picture, python, stored


def ended(process: "subprocess.Popen[str]", code: int = 0) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    return out


def on_connect(history: History, sqlite: str, postgresql: str = "") -> None:
    """Let each further connection begin with a statement."""
    statement = {"sqlite": sqlite, "postgresql": postgresql}[history._engine.dialect.name]

    def begin(raw: Any, _: Any) -> None:
        raw.execute(statement)
        raw.commit()

    history._engine.dispose()
    event.listen(history._engine, "connect", begin)


def file(url: str) -> str:
    return url.removeprefix("sqlite:///")


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold what a writer needs, as another program would."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(file(url), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(url) as other:
            other.execute("LOCK TABLE history_entries IN SHARE MODE")
            yield


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(HistoryError, match="cannot be used") as caught:
        yield
    assert caught.value.code == code


def test_a_locked_store(url: str, history: History, folder: Path) -> None:
    on_connect(history, "PRAGMA busy_timeout = 300", "SET lock_timeout = 300")
    kept = history.add(new(), picture())
    with locked(url):
        with refused("locked"):
            history.add(new(), picture())
        with refused("locked"):
            history.delete(kept.id)
        with refused("locked"):
            history.correct(kept.id, "parang")
        assert history.page().entries == (kept,)
    assert stored(folder) == [kept.id]
    history.add(new(), picture())
    assert history.page().total == len(stored(folder)) == 2


def test_a_full_database(sqlite: str, folder: Path) -> None:
    history = open_history(sqlite, str(folder))
    on_connect(history, "PRAGMA max_page_count = 12")
    kept = []
    with refused("full"):
        for _ in range(1000):
            kept.append(history.add(new(name="x" * 120), picture()).id)  # noqa: PERF401
    assert kept
    assert stored(folder) == sorted(kept) == sorted(entry.id for entry in history.all())
    history.close()


FILL = """
history = open_history(f"sqlite:///{sys.argv[1]}/history.db", sys.argv[1] + "/pictures")
from pathlib import Path
kept = []
try:
    while True:
        kept.append(history.add(new(), picture(200, 200)).id)
except HistoryError as error:
    assert error.code == "full", error
from tests.history_made import stored
assert len(kept) > 2
assert sorted(kept) == stored(Path(sys.argv[1], "pictures")) == sorted(e.id for e in history.all())
ballast = Path(sys.argv[1], "ballast").open("wb", buffering=0)
try:
    while True:
        ballast.write(bytes(512))
except OSError:
    pass
history.delete(kept[0])
assert stored(Path(sys.argv[1], "pictures")) == sorted(e.id for e in history.all())
ballast.close()
Path(sys.argv[1], "ballast").unlink()
kept[0] = history.add(new(), picture(100, 100)).id
assert sorted(kept) == stored(Path(sys.argv[1], "pictures")) == sorted(e.id for e in history.all())
history.close()
"""


def test_a_full_disk(tmp_path: Path) -> None:
    mount = f'mount -t tmpfs -o size=2m tmpfs {tmp_path} && exec "$@"'
    begin = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh"]
    try:
        subprocess.run([*begin, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs `unshare` and the right to mount a small file system")
    ended(python(FILL, str(tmp_path), begin=begin))


def test_a_read_only_database(history: History, folder: Path) -> None:
    kept = history.add(new(), picture())
    on_connect(history, "PRAGMA query_only = ON", "SET default_transaction_read_only = on")
    with refused("read_only"):
        history.add(new(), picture())
    assert stored(folder) == [kept.id]
    assert history.page().entries == (kept,)


def test_a_place_for_pictures_that_is_none(url: str, folder: Path) -> None:
    folder.write_text("a file")
    with refused("unusable"):
        open_history(url, str(folder))
    folder.unlink()
    history = open_history(url, str(folder))
    shutil.rmtree(folder)
    folder.write_text("a file")
    with refused("unusable"):
        history.add(new(), picture())
    assert history.page().total == 0
    assert not history.add(new(), None).has_picture
    history.close()


def test_a_file_that_is_no_database(sqlite: str, folder: Path) -> None:
    Path(file(sqlite)).parent.mkdir()
    Path(file(sqlite)).write_text("no database" * 1000)
    with refused("damaged"):
        open_history(sqlite, str(folder))
    assert Path(file(sqlite)).read_text() == "no database" * 1000


def test_a_damaged_database_is_found_at_the_start(sqlite: str, folder: Path) -> None:
    history = open_history(sqlite, str(folder))
    for _ in range(100):
        history.add(new(), None)
    history.close()
    with Path(file(sqlite)).open("r+b") as database_file:
        for page in range(6, 16):
            database_file.seek(page * 4096)
            database_file.write(os.urandom(4096))
    with refused("damaged"):
        open_history(sqlite, str(folder))


def test_a_server_that_is_not_there(folder: Path) -> None:
    with refused("unreachable") as _:
        open_history("postgresql://someone:secret@127.0.0.1:1/none", str(folder))
    with pytest.raises(HistoryError) as caught:
        open_history("postgresql://someone:secret@127.0.0.1:1/none", str(folder))
    assert "secret" not in str(caught.value)


def test_a_server_that_went_away_and_came_back(postgresql: str, folder: Path) -> None:
    history = open_history(postgresql, str(folder))
    history.add(new(), picture())
    with psycopg.connect(postgresql, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    history.add(new(), picture())
    assert history.page().total == len(stored(folder)) == 2
    history.close()


KILL = """
from canting.serving.service.history import adding
history = open_history(sys.argv[1], sys.argv[2])
print(history.add(new(), picture()).id, flush=True)
adding._insert = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
history.add(new(), picture())
"""


def test_killed_between_picture_and_row(url: str, folder: Path) -> None:
    kept = ended(python(KILL, url, str(folder)), -signal.SIGKILL).strip()
    assert len(stored(folder)) == 2
    history = open_history(url, str(folder))
    assert stored(folder) == [kept]
    assert [entry.id for entry in history.page().entries] == [kept]
    assert opened(history.picture(kept)).size == (64, 48)
    if url.startswith("sqlite"):
        with reading(history._engine) as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
        assert found == "ok"
    history.close()


WAITING = """
from canting.serving.service.history import adding
insert = adding._insert
def late(*arguments):
    print("written", flush=True)
    sys.stdin.readline()
    insert(*arguments)
adding._insert = late
history = open_history(sys.argv[1], sys.argv[2])
print(history.add(new(), picture()).id)
"""


@pytest.mark.slow
def test_a_picture_that_waits_for_its_row_is_not_swept(url: str, folder: Path) -> None:
    other = python(WAITING, url, str(folder))
    assert other.stdout is not None
    assert other.stdout.readline() == "written\n"
    waiting = stored(folder)
    history = open_history(url, str(folder))
    assert stored(folder) == waiting
    out, _ = other.communicate("go\n", timeout=60)
    assert [out.strip()] == waiting == [entry.id for entry in history.page().entries]
    assert history.sweep() == 0
    history.close()


def test_at_a_url_only_old_pictures_are_swept(sqlite: str, folder: Path) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    history = open_history(sqlite, f"memory:/{folder}")
    kept = history.add(new(), picture())
    store = MemoryFileSystem.store
    (path,) = [path for path in store if kept.id in path]
    for name in ("a" * 32, "b" * 32):
        MemoryFileSystem().pipe_file(path.replace(kept.id, name), b"left")
    store[path.replace(kept.id, "a" * 32)].modified -= timedelta(minutes=16)
    assert history.sweep() == 1
    names = {path.rsplit("/", 1)[-1][:32] for path in store if str(folder) in path}
    assert names == {kept.id, "b" * 32}
    history.close()


def test_a_picture_that_cannot_be_removed_now_goes_later(
    history: History, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = history.add(new(), picture())
    (path,) = folder.glob(f"*/{kept.id}.jpg")
    path.unlink()
    path.mkdir()
    history.delete(kept.id)
    assert "could not be removed" in caplog.text
    assert history.page().total == 0
    path.rmdir()
    path.write_bytes(b"left")
    assert history.sweep() == 1
    assert stored(folder) == []


def test_a_url_of_pictures_that_cannot_be(sqlite: str) -> None:
    for url in ("nothing://user:secret@host/pictures", "nothing://pictures"):
        with refused("unusable"):
            open_history(sqlite, url)
    with pytest.raises(HistoryError) as caught:
        open_history(sqlite, "nothing://user:secret@host/pictures")
    assert "secret" not in str(caught.value)


def test_what_is_not_ours_is_never_swept(sqlite: str, folder: Path) -> None:
    history = open_history(sqlite, str(folder))
    kept = history.add(new(), picture())
    (own,) = [path.parent for path in folder.glob(f"*/{kept.id}.jpg")]
    foreign = [own / "holiday.jpg", folder / f"{'a' * 32}.jpg", own / f"{'a' * 32}.png"]
    for path in foreign:
        path.write_text("mine")
    other = open_history(f"{sqlite}.other", str(folder))
    assert history.sweep() == other.sweep() == 0
    assert all(path.read_text() == "mine" for path in foreign)
    assert opened(history.picture(kept.id))
    history.close()
    other.close()


ADD = """
history = open_history(sys.argv[1], sys.argv[2])
for number in range(40):
    history.add(new(name=f"{sys.argv[3]}-{number}"), picture(seed=number))
history.close()
"""


@pytest.mark.slow
def test_two_processes_that_begin_and_write_at_once(url: str, folder: Path) -> None:
    for process in [python(ADD, url, str(folder), name) for name in ("a", "b")]:
        ended(process)
    history = open_history(url, str(folder))
    names = {entry.name for entry in history.all()}
    assert names == {f"{name}-{number}" for name in ("a", "b") for number in range(40)}
    assert len(stored(folder)) == history.page().total == 80
    history.close()


def test_many_threads(history: History, folder: Path) -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                kept = history.add(new(), picture())
                assert history.get(history.correct(kept.id, "parang").id).corrected == "parang"
                history.thumbnail(kept.id)
            history.delete(kept.id)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert history.page(Filter(label="parang")).total == len(stored(folder)) == 16 * 4


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be in Jakarta, with decimal commas where the system knows any."""
    before = locale.setlocale(locale.LC_ALL)
    monkeypatch.setenv("TZ", "Asia/Jakarta")
    time.tzset()
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    comma = [name for name in known.split() if name.startswith(("de_", "id_", "fr_"))]
    locale.setlocale(locale.LC_ALL, comma[0] if comma else "C")
    yield
    locale.setlocale(locale.LC_ALL, before)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
def test_times_and_figures_depend_on_no_zone_and_no_locale(
    url: str, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = history.add(new(), picture())
    assert datetime.now().astimezone().utcoffset() == timedelta(hours=7)
    assert kept.created.isoformat().endswith("+00:00")
    assert abs(datetime.now(UTC) - kept.created) < timedelta(minutes=1)
    history.correct(kept.id, "parang")
    history.export_corrections(tmp_path / "out")
    assert (
        f",0.75,false,{kept.model},{kept.created.isoformat()}"
        in (tmp_path / "out" / "corrections.csv").read_text()
    )
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    again = open_history(url, None)
    assert again.get(kept.id).created == kept.created
    assert again.page(Filter(since=kept.created)).total == 1
    assert again.page(Filter(until=kept.created)).total == 0
    again.close()
