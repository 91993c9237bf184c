"""What goes wrong between Hugging Face and a download: one message each, or another try."""

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from canting.core.errors import CantingError
from tests.conftest import slow
from tests.hub_server import FIRST, SECOND, SOURCE, Hub, refused, run, serving

LARGE = {
    "kawung/1.jpg": bytes(range(256)) * 2**13,
    "parang/1.jpg": b"parang" * 1000,
    "parang/2.jpg": b"small",
}
"""The first is of several reads of 1 MiB."""

WHOLE = {"kawung": 1, "parang": 2}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with serving(dict(LARGE), tmp_path) as server:
        yield server


def fetched_whole(here: Path) -> bool:
    raw = here / "build/raw"
    return all((raw / path).read_bytes() == content for path, content in LARGE.items())


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "", ["valid token", "HF_TOKEN", "hf auth login"]),
        (401, "RepoNotFound", ["none of this name", "private", "HF_TOKEN"]),
        (401, "GatedRepo", ["consent", "HF_TOKEN"]),
        (403, "GatedRepo", ["consent", "HF_TOKEN"]),
        (403, "", ["private", "consent", "HF_TOKEN"]),
        (404, "RepoNotFound", ["none of this name", "owner and name"]),
        (404, "", ["none of this name", "owner and name"]),
        (404, "RevisionNotFound", ["no such revision", "Files and versions"]),
        (400, "", ["refused"]),
    ],
)
@pytest.mark.parametrize("source", [SOURCE, f"{SOURCE}@{FIRST}"])
def test_refusals_are_final(
    hub: Hub, tmp_path: Path, status: int, code: str, words: list[str], source: str
) -> None:
    headers = {"X-Error-Message": "Sorry.", **({"X-Error-Code": code} if code else {})}
    hub.faults = [(status, headers)] * 9
    refused(tmp_path, f"`{source}`", f"({status})", "Sorry.", *words, source=source)
    assert len(hub.requests) == 1
    assert not list(tmp_path.rglob("*.jpg"))


def test_a_gated_file_is_named(hub: Hub, tmp_path: Path) -> None:
    hub.file_faults = [(403, {"X-Error-Code": "GatedRepo"})] * 9
    refused(tmp_path, f"`{SOURCE}: ", "jpg` was refused (403)", "consent")


@pytest.mark.usefixtures("hub")
def test_an_absent_revision_is_named(tmp_path: Path) -> None:
    for source in (f"{SOURCE}@v9", f"{SOURCE}@{SECOND}"):
        refused(tmp_path, f"`{source}`", "no such revision", source=source)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_passing_faults_are_tried_again(hub: Hub, tmp_path: Path, status: int) -> None:
    hub.faults = [(status, {})]
    hub.file_faults = [(status, {}), (status, {"Content-Type": "text/html"})]
    assert run(tmp_path).pictures == WHOLE
    assert fetched_whole(tmp_path)
    assert len(hub.asked("/api/datasets/owner/batik")) == 3


@pytest.mark.parametrize("status", [429, 502])
def test_tries_are_bounded(hub: Hub, tmp_path: Path, status: int) -> None:
    hub.faults = [(status, {})] * 9
    refused(tmp_path, f"`{SOURCE}`", f"Hugging Face answered {status}", "gave up after 3 tries")
    assert len(hub.requests) == 3


@pytest.mark.parametrize("header", ["Retry-After", "RateLimit"])
def test_does_not_wait_for_hours(hub: Hub, tmp_path: Path, header: str) -> None:
    value = "7200" if header == "Retry-After" else '"api";r=0;t=7200'
    hub.faults = [(429, {header: value})] * 9
    refused(tmp_path, "It asks to wait 7200 s", "Run again later")
    assert len(hub.requests) == 1


def test_waits_as_long_as_the_server_asks(hub: Hub, tmp_path: Path) -> None:
    hub.faults = [(429, {"Retry-After": "1"})]
    start = time.monotonic()
    run(tmp_path)
    assert time.monotonic() - start >= 0.9


@pytest.mark.parametrize("fault", ["cut", "silent"])
def test_resumes_a_connection_that_breaks(hub: Hub, tmp_path: Path, fault: str) -> None:
    del hub.commits[FIRST]["parang/1.jpg"], hub.commits[FIRST]["parang/2.jpg"]
    hub.commits[FIRST]["parang/1.jpg"] = b""
    hub.file_faults = [fault]
    assert run(tmp_path).pictures == {"kawung": 1, "parang": 1}
    assert (tmp_path / "build/raw/kawung/1.jpg").read_bytes() == LARGE["kawung/1.jpg"]
    ranges = [headers.get("range") for path, headers in hub.requests if "/cdn/" in path]
    assert ranges == [None, f"bytes={2**20}-"]


def test_starts_anew_where_the_server_cannot_resume(hub: Hub, tmp_path: Path) -> None:
    hub.resumes = False
    hub.file_faults = ["cut", "cut"]
    assert run(tmp_path).pictures == WHOLE
    assert fetched_whole(tmp_path)


@pytest.mark.parametrize("fault", ["flip", "endless"])
def test_a_file_that_is_not_what_the_list_says_is_downloaded_again(
    hub: Hub, tmp_path: Path, fault: str
) -> None:
    hub.file_faults = [fault]
    assert run(tmp_path).pictures == WHOLE
    assert fetched_whole(tmp_path)
    hub.file_faults = [fault] * 99
    refused(tmp_path / "again", "arrived damaged", "gave up after 3 tries")
    kept = {path.name for path in tmp_path.glob("again/.canting/**/*") if path.is_file()}
    assert {name for name in kept if not name.endswith(".part")} == {"files.json"}


def test_cut_every_time_is_an_error_and_goes_on_later(hub: Hub, tmp_path: Path) -> None:
    hub.file_faults = ["cut"] * 99
    refused(tmp_path, "the connection to", "gave up after 3 tries", "not transferred twice")
    hub.file_faults, count = [], len(hub.requests)
    run(tmp_path)
    assert fetched_whole(tmp_path)
    starts = {h["range"] for path, h in hub.requests[count:] if "range" in h}
    assert starts
    assert "bytes=0-" not in starts


@pytest.mark.parametrize("end", [signal.SIGKILL, *slow(signal.SIGINT)])
def test_a_killed_download_goes_on(hub: Hub, tmp_path: Path, end: signal.Signals) -> None:
    hub.file_faults = ["cut"] * 9
    code = f"""
        import os
        from pathlib import Path
        import huggingface_hub.constants as constants
        constants.ENDPOINT = {hub.address!r}
        constants.HUGGINGFACE_CO_URL_TEMPLATE = (
            constants.ENDPOINT + "/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        )
        from tests.hub_server import Retry, run
        run(Path({str(tmp_path)!r}), patience=Retry(3, 300.0))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    started = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    parts = tmp_path / ".canting/hf/owner/batik/blobs"
    try:
        while sum(path.stat().st_size for path in parts.glob("*.part")) < 2**20:
            assert started.poll() is None
            time.sleep(0.05)
    finally:
        started.send_signal(end)
        started.wait(60)
    assert not (tmp_path / "build/raw").exists()
    hub.file_faults, count = [], len(hub.requests)
    assert run(tmp_path).pictures == WHOLE
    assert fetched_whole(tmp_path)
    assert [h["range"] for _, h in hub.requests[count:] if h.get("range")]
    assert not [path for path, _ in hub.requests[count:] if "/tree/" in path]


def test_without_network_the_kept_revisions_are_named(hub: Hub, tmp_path: Path) -> None:
    run(tmp_path)
    hub.shutdown()
    hub.server_close()
    with pytest.raises(CantingError) as caught:
        run(tmp_path)
    said = str(caught.value)
    assert "the connection to http://127.0.0.1" in said
    assert f"Kept here from before: '{FIRST}'" in said
    assert run(tmp_path, f"{SOURCE}@{FIRST}").pictures == WHOLE


def test_offline_mode_is_named(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    refused(tmp_path, "HF_HUB_OFFLINE")
    assert not hub.requests


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://huggingface.co"])
def test_an_endpoint_without_a_protocol_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", endpoint)
    refused(tmp_path, "HF_ENDPOINT", repr(endpoint))


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"[]", b'{"sha": "main"}', b"{}"])
def test_a_page_in_place_of_an_answer_is_named(hub: Hub, tmp_path: Path, body: bytes) -> None:
    hub.faults = [(200, {}, body)] * 9
    refused(tmp_path, "does not answer as the Hub", "proxy")


def test_a_broken_list_is_named(hub: Hub, tmp_path: Path) -> None:
    hub.faults = [(200, {}, b'[{"type": "file", "path": "a/1.jpg"}]')] * 9
    source = f"{SOURCE}@{FIRST}"
    refused(tmp_path, "does not answer as the Hub", "KeyError", source=source)


def test_a_data_set_larger_than_the_disk_is_refused_at_once(hub: Hub, tmp_path: Path) -> None:
    row = {"type": "file", "path": "a/1.jpg", "size": 2**60, "oid": "0" * 40}
    hub.faults = [(200, {}, [row])]
    refused(tmp_path, "takes 1,152,921,504,606,846,976 bytes", source=f"{SOURCE}@{FIRST}")
    assert not hub.asked("/resolve/")


def test_a_disk_that_fills_is_named(hub: Hub, tmp_path: Path) -> None:
    digest = "f" * 64
    row = {"type": "file", "path": "kawung/1.jpg", "size": len(LARGE["kawung/1.jpg"])}
    hub.faults = [(200, {}, [{**row, "oid": "0" * 40, "lfs": {"oid": digest}}])]
    blobs = tmp_path / ".canting/hf/owner/batik/blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{digest}.part").symlink_to("/dev/full")
    refused(tmp_path, "No space left on device", "Free some space", source=f"{SOURCE}@{FIRST}")
