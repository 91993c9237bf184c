"""Every `run:` block of the workflows, executed here where it does not need GitHub or Docker."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.pull_request_github import TOKEN, State, github
from tests.test_pull_request_parts import here, pack, worse
from tests.test_workflows_checks import ACTIONS, WORKFLOWS, steps

LOWEST = "make test LOWEST=1"
ELSEWHERE = {
    "make .venv/ready": "the first thing that every `make` does",
    "make check": "run on every change by `make check`",
    "make test-all": "this test is part of it",
    LOWEST: "the same tests, on an installation of its own",
    "make docs": "tests/test_docs_site.py builds the site",
    "make litert": "asks the npm index; .ci/run runs it",
    "make page PAGE=build/docs/try": "tests/test_page_browser.py builds the page and opens it",
    "tar --create --file build/artifact.tar --directory build/docs .": "as GitHub asks for it",
    "make dist": "tests/test_dist.py builds and checks the same",
    "make small": "installs packages from the package index; .ci/run runs it",
    "make notebook": "installs packages from the package index; .ci/run runs it",
    "make repro": "tests/test_pipeline.py runs the same pipeline in a fresh clone",
    ".github/scripts/image.sh load": "needs a container engine; its syntax is checked below",
    '.github/scripts/image.sh push >> "$GITHUB_OUTPUT"': "needs a container engine and GitHub",
    ".github/scripts/smoke_container.sh": "needs an engine; `make container` runs it",
    ".github/scripts/wheels.sh build/bento": "asks the package index; `make container` runs it",
    '.github/scripts/sign_bundle.sh build/best >> "$GITHUB_STEP_SUMMARY"': (
        "needs GitHub's identity; test_classifier_signature.py signs with keys"
    ),
    'docker login ghcr.io --username "$GITHUB_ACTOR" --password-stdin <<< "$TOKEN"': "needs GitHub",
}
"""Blocks that no test of this file executes, and why."""

CHANGED = '.github/scripts/changed.sh >> "$GITHUB_STEP_SUMMARY"'
NAMES = '.github/scripts/image_names.sh >> "$GITHUB_OUTPUT"'
FETCH = ".venv/bin/python -m canting.runs.pull_request fetch build/pull_request"
WRITE = ".venv/bin/python -m canting.runs.pull_request write build/pull_request"
POST = "python3 -m canting.runs.pull_request post build/pull_request"
TAG = 'test -f "build/dist/canting-${GITHUB_REF_NAME#v}.tar.gz"'
HERE = {CHANGED, NAMES, FETCH, WRITE, POST, TAG}


def blocks() -> set[str]:
    found = [
        step["run"].strip()
        for path in (*WORKFLOWS, *ACTIONS)
        for step in steps(path)
        if "run" in step
    ]
    return set(found)


def test_every_block_is_executed_or_it_is_said_why_not() -> None:
    assert blocks() == HERE | set(ELSEWHERE)
    assert all("${{" not in block for block in blocks())


def test_scripts_are_executable_and_stop_at_the_first_fault() -> None:
    for path in sorted((ROOT / ".github" / "scripts").glob("*.sh")):
        assert os.access(path, os.X_OK)
        assert "set -euo pipefail" in path.read_text()
        subprocess.run(["bash", "-n", str(path)], check=True)


def bash(folder: Path, block: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a block as GitHub's runner does."""
    environment = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", block],
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("ref", "tags"),
    [
        ("refs/heads/main", ["sha-0123456789ab", "main"]),
        ("refs/tags/v1.10.0", ["sha-0123456789ab", "1.10.0", "latest"]),
        ("refs/tags/v1.9.1", ["sha-0123456789ab", "1.9.1"]),
        ("refs/tags/v2.0.0-rc1", ["sha-0123456789ab", "2.0.0-rc1"]),
        ("refs/tags/vanity", ["sha-0123456789ab"]),
        ("refs/heads/other", ["sha-0123456789ab"]),
    ],
)
def test_the_container_has_lower_case_names(tmp_path: Path, ref: str, tags: list[str]) -> None:
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    who = "-c user.name=test -c user.email=test@example.org"
    tags_of = "for tag in v1.9.1 v1.10.0 v1.2.3 v2.0.0-rc1 vanity; do git tag $tag; done"
    made = f"git init -q; git {who} commit -q --allow-empty -m state; {tags_of}"
    assert bash(tmp_path, made).returncode == 0
    variables = {"GITHUB_REPOSITORY": "Owner/Canting", "GITHUB_SHA": "0123456789abcdef"}
    output = tmp_path / "output"
    told = bash(tmp_path, NAMES, GITHUB_REF=ref, GITHUB_OUTPUT=str(output), **variables)
    assert told.returncode == 0, told.stderr
    image, names = (line.partition("=")[2] for line in output.read_text().splitlines())
    assert image == "ghcr.io/owner/canting"
    assert names.split() == [f"{image}:{tag}" for tag in tags]


@pytest.mark.parametrize(("tag", "code"), [("v0.2.0", 0), ("0.2.0", 0), ("v0.2", 1), ("v1.2.0", 1)])
def test_a_release_whose_tag_is_another_version_is_not_published(
    tmp_path: Path, tag: str, code: int
) -> None:
    (tmp_path / "build/dist").mkdir(parents=True)
    (tmp_path / "build/dist/canting-0.2.0.tar.gz").touch()
    assert bash(tmp_path, TAG, GITHUB_REF_NAME=tag).returncode == code


def test_results_that_are_not_as_committed_are_told(tmp_path: Path) -> None:
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    (tmp_path / "results").mkdir()
    for name in ("dvc.lock", "results/a.json"):
        (tmp_path / name).write_text("1\n")
    who = "-c user.name=test -c user.email=test@example.org"
    bash(tmp_path, f"git init -q; git add results dvc.lock; git {who} commit -qm state")
    summary = tmp_path / "summary"
    assert bash(tmp_path, CHANGED, GITHUB_STEP_SUMMARY=str(summary)).returncode == 0
    assert summary.read_text() == "The results equal the committed ones.\n"
    (tmp_path / "results" / "a.json").write_text("2\n")
    assert bash(tmp_path, CHANGED, GITHUB_STEP_SUMMARY=str(summary)).returncode == 0
    assert "results/a.json | 2 +-" in summary.read_text()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of main with what `make .venv/ready` makes."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("src", "results", "dvc.lock", "params.yaml"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture
def server() -> Iterator[tuple[str, State]]:
    with github() as found:
        yield found


def comment(checkout: Path, address: str, **more: str) -> list[subprocess.CompletedProcess[str]]:
    """Run the jobs of comment.yml, with what the event tells them."""
    remote = checkout.parent / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    shutil.rmtree(checkout / "build", ignore_errors=True)
    variables = {
        "GH_TOKEN": TOKEN,
        "GITHUB_API_URL": address,
        "GITHUB_REPOSITORY": "owner/name",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_SHA": "b" * 40,
        "HEAD_BRANCH": "topic",
        "HEAD_OWNER": "somebody",
        "HEAD_SHA": "a" * 40,
        "PICTURES_REMOTE": str(remote),
        "PYTHONPATH": "src",
        "RUN_ID": "7",
        **more,
    }
    python3 = checkout.parent / "bin"
    python3.mkdir(exist_ok=True)
    (python3 / "python3").unlink(missing_ok=True)
    # An interpreter that finds no package at all, as on a fresh runner.
    (python3 / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    (python3 / "python3").chmod(0o755)
    variables["PATH"] = f"{python3}:{os.environ['PATH']}"
    return [bash(checkout, block, **variables) for block in (FETCH, WRITE, POST)]


def pull(sha: str) -> dict[str, object]:
    return {"number": 12, "label": "somebody:topic", "head": {"sha": sha}}


@pytest.mark.slow
def test_a_pull_request_gets_one_comment_that_follows_its_runs(
    checkout: Path, server: tuple[str, State]
) -> None:
    address, state = server
    state.pulls = [pull("a" * 40)]
    state.comments = [
        {"id": number, "user": {"login": "somebody"}, "body": "<!-- canting: results -->"}
        for number in range(105)
    ]
    state.comments[3]["user"] = None
    changed = {**here(), **worse(here())}
    changed["params.yaml"] = changed["params.yaml"].replace(b"optimizer: adam", b"optimizer: lion")
    changed["results/evaluate/confusion.png"] += b"<script>alert(1)</script>"
    state.artifact = pack(checkout.parent / "a.zip", changed).read_bytes()
    told = comment(checkout, address)
    assert [one.returncode for one in told] == [0, 0, 0], [one.stderr for one in told]
    body = state.comments[-1]["body"]
    assert len(state.comments) == 106
    assert "worse in macro F1" in body
    assert "| optimizer | adam | lion |" in body
    assert f"/owner/name/raw/{'b' * 40}/results/evaluate/confusion.png" in body
    path = re.search(r"raw/pull-request-pictures/(12/confusion-[0-9a-f]{12}\.png)", body)
    assert path
    shown = [
        "git",
        "-C",
        str(checkout.parent / "remote.git"),
        "show",
        f"pull-request-pictures:{path[1]}",
    ]
    published = subprocess.run(shown, capture_output=True, check=True).stdout
    assert published.startswith(b"\x89PNG")
    assert b"<script>" not in published
    assert ("/blob", None) in state.shown
    state.artifact = pack(checkout.parent / "b.zip", here()).read_bytes()
    comment(checkout, address)
    assert len(state.comments) == 106
    assert "equal on every fold" in state.comments[-1]["body"]


def test_a_run_that_failed_is_told(checkout: Path, server: tuple[str, State]) -> None:
    address, state = server
    state.pulls = [pull("a" * 40)]
    assert comment(checkout, address)[-1].returncode == 0
    assert "did not finish" in state.comments[0]["body"]
    assert "https://github.example/owner/name/actions/runs/7" in state.comments[0]["body"]


@pytest.mark.slow
def test_a_commit_that_is_no_longer_the_newest_gets_no_comment(
    checkout: Path, server: tuple[str, State]
) -> None:
    address, state = server
    state.pulls = [pull("c" * 40)]
    assert "no open pull request" in comment(checkout, address)[-1].stdout
    assert state.comments == []


def test_a_server_that_is_away_is_one_line_without_the_token(checkout: Path) -> None:
    fetch, _, post = comment(checkout, "http://127.0.0.1:1")
    for told in (fetch, post):
        assert told.returncode == 1
        assert len(told.stderr.splitlines()) == 1
        assert TOKEN not in told.stderr
