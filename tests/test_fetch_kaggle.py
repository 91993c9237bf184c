"""Kaggle's own client against a server on this machine that answers, and fails, as Kaggle does."""

import base64
import email.utils
import hashlib
import io
import json
import random
import threading
import time
import zipfile
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import kagglesdk.kaggle_env
import pytest

from canting.config.fetch import Fetch
from canting.core.errors import CantingError
from canting.data.fetch.fetch import Fetched, fetch
from canting.data.fetch.retry import Retry
from canting.data.fetch.source import Means
from tests.conftest import slow

SOURCE = "kaggle:owner/slug/versions/3"
QUICK = Retry(tries=3, delay=0.01, longest=2.0, silence=0.5)


class Kaggle(ThreadingHTTPServer):
    """Answers with `faults` in turn, one a request, then with `archive`."""

    daemon_threads = True

    def __init__(self, archive: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.archive = archive
        self.faults: list[Any] = []
        self.storage_faults: list[str] = []
        self.headers: dict[str, str] = {"Accept-Ranges": "bytes"}
        self.requests: list[tuple[str, Any, dict[str, str]]] = []
        self.version = 3

    def hash(self) -> None:
        digest = base64.b64encode(hashlib.md5(self.archive).digest()).decode()
        self.headers["x-goog-hash"] = f"crc32c=AAAAAA==,md5={digest}"

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that hang up."""

    def count(self, name: str) -> int:
        return sum(path.endswith(name) for path, _, _ in self.requests)


class Handler(BaseHTTPRequestHandler):
    server: Kaggle

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, body, dict(self.headers)))
        if self.server.faults:
            status, headers = self.server.faults.pop(0)
            self.answer(status, json.dumps({"code": status, "message": "Sorry."}).encode(), headers)
        elif self.path.endswith("GetDataset"):
            self.answer(200, json.dumps({"currentVersionNumber": self.server.version}).encode())
        else:
            self.answer(302, b"", {"Location": "/storage/archive.zip"})

    def do_GET(self) -> None:
        self.server.requests.append((self.path, None, dict(self.headers)))
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        fault = self.server.storage_faults.pop(0) if self.server.storage_faults else ""
        if fault == "deaf":
            start = 0
        body = self.server.archive[start:]
        self.send_response(206 if start else 200)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "flip":
            body = body[:-100] + bytes(100)
        self.wfile.write(body[: len(body) // 2] if fault in ("cut", "silent") else body)
        if fault == "silent":
            time.sleep(1.2)

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@cache
def archive() -> bytes:
    """Return an archive of several of the client's chunks of 1 MiB: it drops the last on a cut."""
    noise = random.Random(3)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in ("glass/1.jpg", "glass/2.jpg", "metal/1.jpg"):
            file.writestr(f"Garbage classification/{name}", noise.randbytes(2**20))
        file.writestr("one-indexed-files.txt", "glass/1.jpg 1")
    return packed.getvalue()


@pytest.fixture
def kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kaggle]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / ".kaggle"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_API_TOKEN", "secret")
    with Kaggle(archive()) as server:
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setitem(
            kagglesdk.kaggle_env._env_to_endpoint, kagglesdk.kaggle_env.KaggleEnv.PROD, endpoint
        )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(here: Path, source: str = SOURCE, patience: Retry = QUICK) -> Fetched:
    section = Fetch(source=source, classes=None, digest=None)
    means = Means(here / ".canting", patience)
    return fetch(section, here / "build/raw", here / "build/digests.csv", means)


def refused(here: Path, *words: str, source: str = SOURCE) -> str:
    with pytest.raises(CantingError) as caught:
        run(here, source)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert not list((here / "build").glob("*"))
    assert not list(here.glob(".canting/**/*.archive"))
    return message


def test_downloads_once_and_keeps_the_archive(kaggle: Kaggle, tmp_path: Path) -> None:
    kaggle.hash()
    result = run(tmp_path)
    assert result.pictures == {"glass": 2, "metal": 1}
    path, body, headers = kaggle.requests[0]
    assert path == "/v1/datasets.DatasetApiService/DownloadDataset"
    assert (body["ownerSlug"], body["datasetSlug"]) == ("owner", "slug")
    assert body["datasetVersionNumber"] == 3
    assert headers["Authorization"] == "Bearer secret"
    assert headers["User-Agent"] == "canting"
    assert [file.name for file in (tmp_path / ".canting/kaggle/owner/slug").iterdir()] == [
        "3.archive"
    ]
    asked = len(kaggle.requests)
    assert run(tmp_path) == result
    assert len(kaggle.requests) == asked


def test_the_kept_archive_needs_no_credentials(
    kaggle: Kaggle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(tmp_path)
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    assert run(tmp_path) == result
    assert kaggle.count("DownloadDataset") == 1


def test_asks_for_the_newest_version_each_time(kaggle: Kaggle, tmp_path: Path) -> None:
    run(tmp_path, "kaggle:owner/slug")
    run(tmp_path, "kaggle:owner/slug")
    assert (kaggle.count("GetDataset"), kaggle.count("DownloadDataset")) == (2, 1)
    kaggle.version = 4
    run(tmp_path, "kaggle:owner/slug")
    assert kaggle.count("DownloadDataset") == 2
    kept = sorted(file.name for file in (tmp_path / ".canting/kaggle/owner/slug").iterdir())
    assert kept == ["3.archive", "4.archive"]


def test_a_new_upstream_version_stops_a_pinned_run(kaggle: Kaggle, tmp_path: Path) -> None:
    digest = run(tmp_path, "kaggle:owner/slug").digest
    packed = io.BytesIO(kaggle.archive)
    with zipfile.ZipFile(packed, "a") as file:
        file.writestr("Garbage classification/metal/new.jpg", b"new")
    kaggle.archive, kaggle.version = packed.getvalue(), 4
    section = Fetch(source="kaggle:owner/slug", classes=None, digest=digest)
    means = Means(tmp_path / ".canting", QUICK)
    with pytest.raises(CantingError, match=r"1 added \('metal/new\.jpg'\)"):
        fetch(section, tmp_path / "build/raw", tmp_path / "build/digests.csv", means)
    assert not (tmp_path / "build/raw/metal/new.jpg").exists()


@pytest.mark.parametrize("user", [{}, {"KAGGLE_USERNAME": "me"}])
def test_missing_credentials_are_named(
    kaggle: Kaggle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: dict[str, str]
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    for name, value in user.items():
        monkeypatch.setenv(name, value)
    refused(tmp_path, "KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "~/.kaggle/kaggle.json")
    assert not kaggle.requests
    assert not (tmp_path / ".canting").exists()


def test_takes_user_name_and_key(
    kaggle: Kaggle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    monkeypatch.setenv("KAGGLE_USERNAME", "me")
    monkeypatch.setenv("KAGGLE_KEY", "key")
    run(tmp_path)
    basic = base64.b64encode(b"me:key").decode()
    assert kaggle.requests[0][2]["Authorization"] == f"Basic {basic}"


def test_a_broken_credentials_file_is_named(
    kaggle: Kaggle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle/kaggle.json").write_text("{")
    refused(tmp_path, "kaggle.json")
    assert not kaggle.requests


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, ["KAGGLE_API_TOKEN", "credentials"]),
        (403, ["private", "consent"]),
        (404, ["owner, slug and version"]),
        (400, ["refused"]),
    ],
)
@pytest.mark.parametrize("source", [SOURCE, "kaggle:owner/slug"])
def test_refusals_are_final(
    kaggle: Kaggle, tmp_path: Path, status: int, words: list[str], source: str
) -> None:
    kaggle.faults = [(status, {})] * 9
    refused(tmp_path, f"`{source}`", f"({status})", "Sorry.", *words, source=source)
    assert len(kaggle.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_passing_faults_are_tried_again(kaggle: Kaggle, tmp_path: Path, status: int) -> None:
    kaggle.faults = [(status, {}), (status, {"Content-Type": "text/html"})]
    assert run(tmp_path).pictures == {"glass": 2, "metal": 1}
    assert kaggle.count("DownloadDataset") == 3


@pytest.mark.parametrize("status", [429, 502])
def test_tries_are_bounded(kaggle: Kaggle, tmp_path: Path, status: int) -> None:
    kaggle.faults = [(status, {})] * 9
    refused(tmp_path, f"`{SOURCE}`", f"Kaggle answered {status}", "gave up after 3 tries")
    assert kaggle.count("DownloadDataset") == 3


@pytest.mark.parametrize("form", ["seconds", *slow("date")])
def test_waits_as_long_as_the_server_asks(kaggle: Kaggle, tmp_path: Path, form: str) -> None:
    soon = email.utils.formatdate(time.time() + 2, usegmt=True)
    kaggle.faults = [(429, {"Retry-After": "1" if form == "seconds" else soon})]
    start = time.monotonic()
    run(tmp_path)
    assert time.monotonic() - start >= 0.9


def test_does_not_wait_for_hours(kaggle: Kaggle, tmp_path: Path) -> None:
    kaggle.faults = [(429, {"Retry-After": "7200"})] * 9
    refused(tmp_path, "It asks to wait 7200 s", "Run again later")
    assert kaggle.count("DownloadDataset") == 1


@pytest.mark.parametrize("hashed", [True, False])
def test_resumes_a_connection_cut_half_way(kaggle: Kaggle, tmp_path: Path, hashed: bool) -> None:
    if hashed:
        kaggle.hash()
    kaggle.storage_faults = ["cut"]
    assert run(tmp_path).pictures == {"glass": 2, "metal": 1}
    ranges = [headers.get("Range") for path, _, headers in kaggle.requests if "storage" in path]
    assert ranges == [None, None, f"bytes={2**20}-"]
    kept = tmp_path / ".canting/kaggle/owner/slug/3.archive"
    assert kept.read_bytes() == kaggle.archive


def test_starts_anew_where_the_server_cannot_resume(kaggle: Kaggle, tmp_path: Path) -> None:
    kaggle.headers = {}
    kaggle.storage_faults = ["cut", "cut"]
    assert run(tmp_path).pictures == {"glass": 2, "metal": 1}
    assert kaggle.count("archive.zip") == 3


@pytest.mark.parametrize("hashed", [True, False])
def test_a_resumed_download_that_starts_over_is_thrown_away(
    kaggle: Kaggle, tmp_path: Path, hashed: bool
) -> None:
    if hashed:
        kaggle.hash()
    kaggle.storage_faults = ["cut", "", "deaf"]
    run(tmp_path)
    assert kaggle.count("DownloadDataset") == 3
    kept = tmp_path / ".canting/kaggle/owner/slug/3.archive"
    assert kept.read_bytes() == kaggle.archive


def test_cut_every_time_is_an_error_and_goes_on_later(kaggle: Kaggle, tmp_path: Path) -> None:
    kaggle.storage_faults = ["cut", "", "cut", "", "cut"]
    refused(tmp_path, "the connection broke", "gave up after 3 tries", "not transferred twice")
    asked = len(kaggle.requests)
    run(tmp_path)
    assert kaggle.requests[asked + 2][2]["Range"] != "bytes=0-"


def test_a_silent_server_is_left(kaggle: Kaggle, tmp_path: Path) -> None:
    kaggle.storage_faults = ["silent"]
    assert run(tmp_path).pictures == {"glass": 2, "metal": 1}
    assert kaggle.count("DownloadDataset") == 2


def test_a_wrong_hash_is_downloaded_again(kaggle: Kaggle, tmp_path: Path) -> None:
    kaggle.hash()
    kaggle.storage_faults = ["flip"]
    run(tmp_path)
    assert kaggle.count("DownloadDataset") == 2
    kaggle.storage_faults = ["flip"] * 9
    (tmp_path / "again").mkdir()
    refused(tmp_path / "again", "arrived damaged")
    assert not list((tmp_path / "again").glob(".canting/**/*.part"))


@pytest.mark.parametrize("place", ["end", "picture"])
def test_a_broken_archive_is_not_kept(kaggle: Kaggle, tmp_path: Path, place: str) -> None:
    good = kaggle.archive
    bad = bytearray(good)
    bad[1000 if place == "picture" else -22] ^= 0xFF
    kaggle.archive = bytes(bad)
    refused(tmp_path, f"`{SOURCE}` is not a complete .zip")
    kaggle.archive = good
    assert run(tmp_path).pictures == {"glass": 2, "metal": 1}


def test_a_page_in_place_of_an_archive_is_an_error(kaggle: Kaggle, tmp_path: Path) -> None:
    kaggle.archive = b"<html>Sign in</html>"
    refused(tmp_path, f"`{SOURCE}` is not a complete .zip")


def test_a_hostile_archive_is_refused(kaggle: Kaggle, tmp_path: Path) -> None:
    packed = io.BytesIO(kaggle.archive)
    with zipfile.ZipFile(packed, "a") as file:
        file.writestr("../../evil.jpg", b"x")
    kaggle.archive = packed.getvalue()
    with pytest.raises(CantingError, match="leaves its folder"):
        run(tmp_path)
    assert not list(tmp_path.rglob("evil.jpg"))
    assert not (tmp_path / "build").exists()


def test_an_old_fetch_survives_a_failing_one(kaggle: Kaggle, tmp_path: Path) -> None:
    run(tmp_path)
    kaggle.faults = [(500, {})] * 9
    with pytest.raises(CantingError):
        run(tmp_path, "kaggle:owner/slug/versions/4")
    assert len(list((tmp_path / "build/raw").glob("*/*.jpg"))) == 3


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "owner",
        "owner/",
        "/slug",
        "owner/slug/3",
        "owner/slug/versions/",
        "owner/slug/versions/0",
        "owner/slug/versions/x",
        "owner/slug/versions/1/2",
        "../x",
        "o/s?x=1",
        "o /s",
        "ö/s",
        "owner/slug\n",
    ],
)
def test_a_malformed_source_is_named(kaggle: Kaggle, tmp_path: Path, rest: str) -> None:
    refused(
        tmp_path, "kaggle:owner/slug/versions/N", repr("kaggle:" + rest), source=f"kaggle:{rest}"
    )
    assert not kaggle.requests
