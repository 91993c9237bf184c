"""The git repository, which DVC, experiments and comparisons need."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from canting.cli.doctor.finding import Finding, fine

START = "git add --all && git commit --message Start"


def repository(root: Path) -> Iterator[Finding]:
    """Tell whether git works here, and whether its branch has a commit."""
    if shutil.which("git") is None:
        told = "git is not installed: DVC does not work without it; https://git-scm.com/downloads"
        yield Finding("git", "fix", told)
    elif not (root / ".git").exists():
        told = "no git repository is here, without which DVC does nothing; clone it, or make one"
        yield Finding("git", "fix", told, f"git init && {START}")
    elif problem := _failing(root, "rev-parse", "--git-dir"):
        told = f"git does not work here: {problem}"
        owner = f"git config --global --add safe.directory {root.resolve()}"
        yield Finding("git", "fix", told, owner if "dubious ownership" in problem else None)
    elif _failing(root, "rev-parse", "--verify", "HEAD"):
        told = "the branch has no commit yet: experiments and comparisons start from one"
        yield Finding("git", "fix", told, START)
    else:
        yield fine("git", "a git repository with a commit")


def _failing(root: Path, *command: str) -> str:
    """Return the first line of what git says where a command fails, else nothing."""
    told = subprocess.run(["git", *command], cwd=root, capture_output=True, text=True, check=False)
    lines = [*told.stderr.strip().splitlines(), f"exit code {told.returncode}"]
    return lines[0] if told.returncode else ""
