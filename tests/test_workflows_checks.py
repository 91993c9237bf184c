"""The workflows: their form, their pins, their permissions."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted((GITHUB / "actions").glob("*/action.yml"))
PIN = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")


def tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


@cache
def load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(path)
    return content


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = load(path).get("jobs", {})
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    content = load(path)
    own = content.get("runs", {}).get("steps", [])
    return [*own, *(step for job in jobs(path).values() for step in job.get("steps", []))]


def test_actionlint_finds_nothing() -> None:
    told = subprocess.run(
        [tool("actionlint"), *map(str, WORKFLOWS)], capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stdout) == (0, "")


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [tool("zizmor"), "--offline", "--no-progress", "--persona=auditor", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_zizmor_finds_nothing() -> None:
    told = zizmor(GITHUB)
    assert told.returncode == 0, told.stdout
    assert "No findings to report" in told.stdout


def test_zizmor_would_find_a_hole(tmp_path: Path) -> None:
    text = (GITHUB / "workflows" / "reproduce.yml").read_text()
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    hole = "run: echo ${{ github.event.pull_request.title }}"
    (folder / "a.yml").write_text(text.replace("run: make check", hole))
    assert "template-injection" in zizmor(tmp_path).stdout


@pytest.mark.parametrize(
    "path", [*WORKFLOWS, *ACTIONS], ids=lambda path: path.parent.name + path.stem
)
def test_every_action_is_pinned_with_its_version_beside(path: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", path.read_text())
    for action, comment in used:
        assert action.startswith("./") or PIN.match(action), action
        assert action.startswith("./") or re.match(r" # v\d+\.\d+\.\d+$", comment), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_job_is_bounded_and_has_the_least_rights(path: Path) -> None:
    content = load(path)
    assert content["permissions"] == {}
    assert content["concurrency"]["group"]
    for job in jobs(path).values():
        assert "permissions" in job
        if "uses" in job:  # another of these workflows, which has its own bounds
            assert (ROOT / job["uses"]) in WORKFLOWS
            continue
        assert job["timeout-minutes"] <= 45
        assert job["runs-on"] == "ubuntu-24.04"
        for step in job["steps"]:
            if "actions/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_what_runs_a_forks_code_can_write_nothing_and_knows_no_secret() -> None:
    path = GITHUB / "workflows" / "reproduce.yml"
    assert all(job["permissions"] == {"contents": "read"} for job in jobs(path).values())
    assert "secrets." not in path.read_text()
    assert "github.token" not in path.read_text()
    for other in WORKFLOWS:
        assert "pull_request_target" not in other.read_text()


def test_what_can_write_runs_no_code_of_a_fork() -> None:
    path = GITHUB / "workflows" / "comment.yml"
    for name, job in jobs(path).items():
        checkouts = [step for step in job["steps"] if "actions/checkout@" in step.get("uses", "")]
        assert all("ref" not in step["with"] for step in checkouts)
        writes = "write" in job["permissions"].values()
        assert writes == (name == "post")
        installs = any("./.github/actions/setup" in step.get("uses", "") for step in job["steps"])
        assert installs == (name == "write")
    assert "actions/cache" not in path.read_text()


PUBLISHING = [GITHUB / "workflows" / name for name in ("release.yml", "publish.yml")]


@pytest.mark.parametrize("path", PUBLISHING, ids=lambda path: path.stem)
def test_what_is_published_comes_from_no_cache(path: Path) -> None:
    text = path.read_text()
    assert "actions/cache@" not in text
    assert 'cache: "true"' not in text
    assert 'default: "false"' in ACTIONS[0].read_text()
    builds = jobs(path)["build"]["permissions"]
    assert builds == {"contents": "read"}


def test_what_publishes_the_package_runs_no_code_of_the_project_and_knows_no_secret() -> None:
    path = GITHUB / "workflows" / "publish.yml"
    assert load(path)["on"] == {"release": {"types": ["published"]}}
    job = jobs(path)["publish"]
    assert job["permissions"] == {"id-token": "write"}
    assert job["environment"] == "pypi"
    used = [step["uses"].partition("@")[0] for step in job["steps"]]
    assert used == ["actions/download-artifact", "pypa/gh-action-pypi-publish"]
    assert job["steps"][1]["with"] == {"attestations": True}
    assert "secrets." not in path.read_text()
    assert "github.token" not in path.read_text()
    others = [one for name, one in jobs(path).items() if name != "publish"]
    assert all(one["permissions"] == {"contents": "read"} for one in others)


@pytest.mark.parametrize("path", PUBLISHING, ids=lambda path: path.stem)
def test_what_is_published_waits_for_checks_and_tests_of_the_same_commit(path: Path) -> None:
    """A called workflow runs on the commit of the one that calls it."""
    release = jobs(path)
    assert release["checks"]["uses"] == "./.github/workflows/reproduce.yml"
    assert "if" not in release["checks"]
    for name, job in release.items():
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        if writes:
            assert {"build", "checks"} <= set(job["needs"]), name
            assert "if" not in job, name
    tested = jobs(GITHUB / "workflows" / "reproduce.yml")
    ran = [step.get("run") for job in tested.values() for step in job["steps"]]
    assert {"make check", "make test-all", "make repro"} <= set(ran)
    assert not any(job.get("continue-on-error") or "if" in job for job in tested.values())


def test_a_release_sees_all_tags() -> None:
    """Without them, each release is the highest."""
    for job in jobs(GITHUB / "workflows" / "release.yml").values():
        named = any("image_names.sh" in step.get("run", "") for step in job.get("steps", []))
        for step in job.get("steps", []):
            if named and "actions/checkout@" in step.get("uses", ""):
                assert step["with"]["fetch-depth"] == 0


def test_artifacts_that_are_read_are_artifacts_that_are_written() -> None:
    from canting.runs.pull_request import artifact

    uploads = {
        step["with"]["name"]
        for path in WORKFLOWS
        for step in steps(path)
        if "upload-artifact@" in step.get("uses", "")
    }
    downloads = {
        step["with"]["name"]
        for path in WORKFLOWS
        for step in steps(path)
        if "download-artifact@" in step.get("uses", "")
    }
    assert downloads | {artifact.NAME} <= uploads
    reproduced = next(
        step["with"]["path"]
        for step in steps(GITHUB / "workflows" / "reproduce.yml")
        if step.get("with", {}).get("name") == artifact.NAME
    ).split()
    for name in artifact.FILES:
        assert name in reproduced or name.split("/")[0] in reproduced, name
