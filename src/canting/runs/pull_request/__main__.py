"""`python -m canting.runs.pull_request fetch|write|post FOLDER`, for the workflow that comments.

`fetch` brings the artifact of a run; `write` makes the comment of it, beside the results of the
working tree; `post` needs the standard library alone.
"""

import argparse
import os
import sys
from pathlib import Path

from canting.core.errors import CantingError

ARCHIVE = "artifact.zip"


def main() -> None:
    """Run one step; an error is one clear line."""
    parser = argparse.ArgumentParser(prog="python -m canting.runs.pull_request")
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("folder", type=Path, help="folder of the comment")
    arguments = parser.parse_args()
    try:
        STEPS[arguments.step](arguments.folder)
    except CantingError as error:
        sys.exit(f"{arguments.step}: {error}")


def _fetch(folder: Path) -> None:
    from canting.runs.pull_request import artifact
    from canting.runs.pull_request.github import GitHub

    github = GitHub(*(os.environ[name] for name in CREDENTIALS))
    found = github.pages(f"actions/runs/{int(os.environ['RUN_ID'])}/artifacts", "artifacts")
    ours = [one for one in found if one["name"] == artifact.NAME and not one["expired"]]
    if ours:
        newest = max(int(one["id"]) for one in ours)
        path = f"actions/artifacts/{newest}/zip"
        folder.mkdir(parents=True, exist_ok=True)
        content = github.download(path, artifact.LARGEST_ARCHIVE)
        (folder / ARCHIVE).write_bytes(content)


def _write(folder: Path) -> None:
    from canting.runs.pull_request import comment

    comment.write(folder / ARCHIVE, Path(), folder / "comment")


def _post(folder: Path) -> None:
    from canting.runs.pull_request import post
    from canting.runs.pull_request.github import GitHub

    github, run = GitHub(*(os.environ[name] for name in CREDENTIALS)), post.run_of(os.environ)
    remote = os.environ.get("PICTURES_REMOTE") or f"{run.server}/{run.repository}.git"
    numbers = post.post(github, run, folder / "comment", remote, os.environ["GH_TOKEN"])
    print(f"commented on {numbers}" if numbers else "no open pull request has this commit")


CREDENTIALS = ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GH_TOKEN")
STEPS = {"fetch": _fetch, "write": _write, "post": _post}

if __name__ == "__main__":
    main()
