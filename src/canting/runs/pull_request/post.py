"""Post the comment, or update the existing one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canting.runs.pull_request import branch
from canting.runs.pull_request.github import GitHub

MARK = "<!-- canting: results -->"
"""First line of the comment, by which it is found again."""

AUTHOR = "github-actions[bot]"
SHOWN = {"confusion.png": "Confusion matrix", "learning_curves.png": "Learning curves"}
FOLDER = "results/evaluate"
LARGEST_PICTURE = 4 * 2**20
LARGEST_TEXT = 60_000


@dataclass(frozen=True)
class WorkflowRun:
    """A run of the pull request's workflow, from the event."""

    server: str
    repository: str
    number: str
    owner: str
    branch: str
    commit: str
    base: str


def run_of(environment: Mapping[str, str]) -> WorkflowRun:
    """Return the run from the workflow's variables."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "RUN_ID")
    more = ("HEAD_OWNER", "HEAD_BRANCH", "HEAD_SHA", "GITHUB_SHA")
    return WorkflowRun(*(environment[name] for name in (*names, *more)))


def post(github: GitHub, run: WorkflowRun, folder: Path, remote: str, token: str) -> list[int]:
    """Comment on each open pull request of the run's commit and return their numbers.

    A commit that is no longer the newest of its pull request gets no comment.
    """
    numbers = _pull_requests(github, run)
    for number in numbers:
        text = (folder / "comment.md").read_text(encoding="utf-8")[:LARGEST_TEXT]
        found = [path for name in SHOWN if _is_small(path := folder / name)]
        paths = branch.publish(remote, number, found, token) if found else {}
        _put(github, number, "\n".join([MARK, text, *_pictures(run, paths), _origin(run)]))
    return numbers


def _pull_requests(github: GitHub, run: WorkflowRun) -> list[int]:
    head = f"{run.owner}:{run.branch}"
    found = github.pages("pulls", state="open", head=head)
    return [int(one["number"]) for one in found if one["head"]["sha"] == run.commit]


def _is_small(path: Path) -> bool:
    return path.is_file() and path.stat().st_size <= LARGEST_PICTURE


def _pictures(run: WorkflowRun, paths: Mapping[str, str]) -> list[str]:
    """Return a table of the pictures, those of the main branch beside them."""
    raw = f"{run.server}/{run.repository}/raw"
    rows = [
        f"| ![{SHOWN[name]}, main]({raw}/{run.base}/{FOLDER}/{name}) "
        f"| ![{SHOWN[name]}, pull request]({raw}/{path}) |"
        for name, path in paths.items()
    ]
    return ["| main | pull request |", "|---|---|", *rows, ""] if rows else []


def _origin(run: WorkflowRun) -> str:
    address = f"{run.server}/{run.repository}/actions/runs/{int(run.number)}"
    return f"[The run]({address}) of {run.commit[:12]}, beside {run.base[:12]} of main."


def _put(github: GitHub, number: int, body: str) -> None:
    comments = github.pages(f"issues/{number}/comments")
    ours: list[dict[str, Any]] = [one for one in comments if _is_ours(one)]
    if ours:
        github.send("PATCH", f"issues/comments/{int(ours[0]['id'])}", {"body": body})
    else:
        github.send("POST", f"issues/{number}/comments", {"body": body})


def _is_ours(comment: dict[str, Any]) -> bool:
    who = (comment["user"] or {}).get("login")
    return who == AUTHOR and str(comment["body"]).startswith(MARK)
