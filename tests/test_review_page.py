"""`canting review`: decisions are saved at once, by this machine's person and by nobody else."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from canting.cli import main
from canting.cli.review.app import Session, create_app
from canting.cli.review.decisions import Decisions
from canting.cli.review.doubts import load
from canting.config.fetch import Fetch
from canting.config.params import load as load_params
from canting.core.errors import CantingError
from canting.core.files import sha256
from canting.data import relabel
from canting.data.fetch.fetch import fetch
from canting.data.relabel import Relabelled
from tests.conftest import ROOT
from tests.review_made import DOUBTFUL, HOSTILE, LABELS, project

TOKEN = "secret"  # of a test's page
HOME = f"/{TOKEN}"


def page(root: Path) -> TestClient:
    """Return a client that follows no redirects, of the page of a project."""
    session = Session(load(root), Decisions(root), [], lambda: None)
    return TestClient(
        create_app(session, TOKEN), base_url="http://127.0.0.1:8000", follow_redirects=False
    )


def decide(client: TestClient, number: int, **fields: str) -> str:
    """Send a decision; return where the page goes on."""
    answer = client.post(f"{HOME}/{number}", data=fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix(f"{HOME}/")


def rows(root: Path) -> dict[str, str]:
    """Return the decided label of each picture by its path."""
    return {row.path: row.label for row in relabel.read(root / "relabel.csv").values()}


def test_every_decision_is_saved_at_once_and_the_parameters_name_the_table(tmp_path: Path) -> None:
    client = page(project(tmp_path))
    assert client.get(f"{HOME}/").headers["location"] == f"{HOME}/1"
    assert not (tmp_path / "relabel.csv").exists()
    assert decide(client, 1, label="glass") == "2"
    doubt = load(tmp_path).shown[0]
    expected = {(doubt.sha256, HOSTILE): Relabelled("glass", f"{HOSTILE}/0.png")}
    assert relabel.read(tmp_path / "relabel.csv") == expected
    before, after = (ROOT / "params.yaml").read_text(), (tmp_path / "params.yaml").read_text()
    changed = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True)
               if pair[0] != pair[1]]  # fmt: skip
    ((old, new),) = changed
    assert re.sub("relabel:  *#", "", old) == re.sub("relabel: relabel.csv *#", "", new)
    assert load_params(tmp_path / "params.yaml").fetch.relabel == "relabel.csv"
    assert decide(client, 2, label=HOSTILE) == "3"
    assert decide(client, 3, drop="1") == "4"
    assert rows(tmp_path) == {f"{HOSTILE}/0.png": "glass", f"{HOSTILE}/1.png": HOSTILE,
                              "glass/0.png": ""}  # fmt: skip
    text = client.get(f"{HOME}/done").text
    assert re.findall(r"<strong>(\d)</strong> ([a-z ]+)", text) == [
        ("1", "kept"), ("1", "relabelled"), ("1", "left out"), ("1", "not decided")
    ]  # fmt: skip


def test_a_decision_can_be_changed_and_taken_back(tmp_path: Path) -> None:
    client = page(project(tmp_path))
    decide(client, 1, label="glass")
    decide(client, 1, label="metal")
    decide(client, 3, drop="1")
    assert rows(tmp_path) == {f"{HOSTILE}/0.png": "metal", "glass/0.png": ""}
    # on a picture without a decision, the last one is taken back
    assert client.post(f"{HOME}/4/undo").headers["location"] == f"{HOME}/3"
    assert rows(tmp_path) == {f"{HOSTILE}/0.png": "metal"}
    assert client.post(f"{HOME}/1/undo").headers["location"] == f"{HOME}/1"
    assert rows(tmp_path) == {}
    assert client.post(f"{HOME}/2/undo").headers["location"] == f"{HOME}/2"


def test_it_goes_on_where_it_stood_and_keeps_what_others_wrote(tmp_path: Path) -> None:
    decide(page(project(tmp_path)), 1, label="metal")
    other = ("e" * 64, "paper")
    table = relabel.read(tmp_path / "relabel.csv")
    relabel.write(tmp_path / "relabel.csv", {**table, other: Relabelled("glass", "by hand")})
    client = page(tmp_path)
    assert client.get(f"{HOME}/").headers["location"] == f"{HOME}/2"
    assert "Decided: relabelled as <bdi>metal</bdi>" in client.get(f"{HOME}/1").text
    assert [decide(client, number, label="glass") for number in (2, 3, 4)] == ["3", "4", "done"]
    assert client.get(f"{HOME}/").headers["location"] == f"{HOME}/done"
    assert rows(tmp_path)["by hand"] == "glass"
    assert len(rows(tmp_path)) == DOUBTFUL + 1


def test_a_table_of_another_name_is_used(tmp_path: Path) -> None:
    project(tmp_path)
    text = (tmp_path / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(re.sub("relabel:  *#", "relabel: mine.csv #", text))
    with pytest.raises(CantingError, match=r"`fetch\.relabel`: .*Bring it back"):
        page(tmp_path)
    relabel.write(tmp_path / "mine.csv", {})
    decide(page(tmp_path), 1, label="metal")
    assert len(relabel.read(tmp_path / "mine.csv")) == 1
    assert not (tmp_path / "relabel.csv").exists()


def test_a_table_that_is_bad_is_named_and_not_overwritten(tmp_path: Path) -> None:
    client = page(project(tmp_path))
    (tmp_path / "relabel.csv").write_text("sha256,label\n")
    answer = client.post(f"{HOME}/1", data={"label": "glass"})
    assert answer.status_code == 409
    assert "relabel.csv`, line 1: expected the columns" in answer.text
    assert (tmp_path / "relabel.csv").read_text() == "sha256,label\n"


def test_labels_are_escaped_and_sent_back_whole(tmp_path: Path) -> None:
    client = page(project(tmp_path))
    text = client.get(f"{HOME}/1").text
    assert "<img src=x" not in text
    values = [unescape(value) for value in re.findall(r'name="label" value="([^"]*)"', text)]
    assert values == ["glass", HOSTILE, "metal"]
    answer = client.get(f"{HOME}/1")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert answer.headers["cache-control"] == "no-store"


def test_many_classes_are_a_list(tmp_path: Path) -> None:
    labels = (HOSTILE, *(f"class {number}" for number in range(12)))
    text = page(project(tmp_path, labels)).get(f"{HOME}/1").text
    assert len(re.findall("<option ", text)) == len(labels)


def test_pictures_are_shown_and_those_that_are_gone_are_named(tmp_path: Path) -> None:
    client = page(project(tmp_path))
    picture = client.get(f"{HOME}/1/picture")
    assert picture.headers["content-type"] == "image/jpeg"
    assert client.get(f"{HOME}/1/similar/1").headers["content-type"] == "image/jpeg"
    assert client.get(f"{HOME}/1/similar/2").status_code == 404
    (tmp_path / "build" / "raw" / HOSTILE / "0.png").unlink()
    assert client.get(f"{HOME}/1/picture").status_code == 404
    assert "The picture is not there any more" in client.get(f"{HOME}/1").text


@pytest.mark.parametrize("path", ["/", "/1", "/secret2/1", "/secreT/1", "/1/picture", "/é/1"])
def test_without_the_secret_there_is_nothing(tmp_path: Path, path: str) -> None:
    client = page(project(tmp_path))
    assert client.get(path).status_code == 404
    assert client.post(path, data={"label": "glass"}).status_code == 404
    assert not (tmp_path / "relabel.csv").exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "attacker.example"},
        {"host": "attacker.example:8000", "origin": "http://attacker.example:8000"},
        {"host": "127.0.0.1.attacker.example"},
        {"host": "[::1"},
        {"origin": "http://attacker.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_no_other_page_may_write(tmp_path: Path, headers: dict[str, str]) -> None:
    client = page(project(tmp_path))
    for path in ("/1", "/1/undo", "/end"):
        answer = client.post(f"{HOME}{path}", data={"label": "glass"}, headers=headers)
        assert answer.status_code == 403
    assert not (tmp_path / "relabel.csv").exists()
    ours = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
    fine = client.post(f"{HOME}/1", data={"label": "glass"}, headers=ours)
    assert fine.status_code == 303


@pytest.mark.parametrize(
    ("number", "content", "status"),
    [(1, b"label=paper", 400), (1, b"", 400), (0, b"drop=1", 404), (9, b"drop=1", 404),
     (1, b"\xff", 400), (1, b"a=1" * 9999, 413)],
)  # fmt: skip
def test_what_is_no_decision_is_refused(
    tmp_path: Path, number: int, content: bytes, status: int
) -> None:
    client = page(project(tmp_path))
    assert client.post(f"{HOME}/{number}", content=content).status_code == status
    assert not (tmp_path / "relabel.csv").exists()


def test_fetch_follows_what_was_decided(tmp_path: Path) -> None:
    project(tmp_path)
    client = page(tmp_path)
    decide(client, 1, label="metal")
    decide(client, 2, label=HOSTILE)
    decide(client, 3, drop="1")
    (tmp_path / "build" / "raw").rename(tmp_path / "source")
    section = Fetch(
        source=str(tmp_path / "source"), relabel=str(tmp_path / "relabel.csv"), digest=None
    )
    fetched = fetch(section, tmp_path / "build" / "raw", tmp_path / "build" / "digests.csv")
    assert fetched.pictures == {HOSTILE: 3, "glass": 3, "metal": 5}
    digest = load(tmp_path).shown[0].sha256
    moved = [path for path in (tmp_path / "build" / "raw").glob("*/*") if sha256(path) == digest]
    assert [path.parent.name for path in moved] == ["metal"]


def test_copies_under_one_label_are_one_decision(tmp_path: Path) -> None:
    project(tmp_path)
    path = tmp_path / "results" / "review" / "review.csv"
    text = path.read_text()
    path.write_text(text + text.splitlines()[-1].replace("/0.png", "/copy.png") + "\n")
    assert len(load(tmp_path).shown) == DOUBTFUL


@contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command; yield it with the address that it prints."""
    command = [sys.executable, "-c", "from canting.cli.main import main; main()", "review"]
    process = subprocess.Popen(
        [*command, "--no-browser"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_killed_after_a_decision_it_goes_on_and_the_button_ends_it(tmp_path: Path) -> None:
    project(tmp_path)
    with running(tmp_path) as (process, address):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", address)
        httpx.post(f"{address}1", data={"label": "metal"}, trust_env=False)
        os.kill(process.pid, signal.SIGKILL)
    with running(tmp_path) as (process, address):
        first = httpx.get(address, trust_env=False)
        assert first.headers["location"].endswith("/2")
        httpx.post(f"{address}2", data={"label": LABELS[1]}, trust_env=False)
        assert "can be closed" in httpx.post(f"{address}end", trust_env=False).text
        told, _ = process.communicate(timeout=60)
        assert process.returncode == 0
    assert "2 of 4 decided: 2 relabelled." in told
    assert "Next: `dvc repro`" in told


@pytest.mark.slow
def test_ctrl_c_ends_it_with_what_to_do_next(tmp_path: Path) -> None:
    project(tmp_path)
    with running(tmp_path) as (process, address):
        httpx.post(f"{address}3", data={"label": "glass"}, trust_env=False)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=60)
        assert process.returncode == 0
    assert "1 of 4 decided: 1 kept." in told
    assert "No label changes." in told


def called(folder: Path, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["canting", "review", *arguments])
        main.main()


def test_without_a_list_and_with_an_empty_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path)
    path = tmp_path / "results" / "review" / "review.csv"
    path.rename(path.with_suffix(".away"))
    with pytest.raises(SystemExit, match=r"Received: no file\. Run `dvc repro review`"):
        called(tmp_path)
    path.with_suffix(".away").rename(path)
    path.write_text(path.read_text().splitlines()[0] + "\n")
    called(tmp_path)
    assert "There is nothing to review" in capsys.readouterr().out


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    project(tmp_path)
    with running(tmp_path) as (_, address):
        port = address.split(":")[2].partition("/")[0]
        with pytest.raises(SystemExit, match=f"`--port`: .*Received: {port}"):
            called(tmp_path, "--port", port)
