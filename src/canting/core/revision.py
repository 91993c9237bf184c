"""The git revision of a run."""

import subprocess
from pathlib import Path

from canting.core import files

ALL = (":(top)", ":(exclude,top)results", ":(exclude,top)dvc.lock")
"""All but what a run writes itself, which says nothing of what the run was made from."""


def revision(root: Path = Path()) -> str | None:
    """Return git's commit, with `-dirty` where a tracked file differs; none outside git."""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", *ALL)
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}-dirty" if changed else commit


def stamp(card: Path, root: Path) -> None:
    """Write the revision of a repository into the card of a bundle that leaves it."""
    files.write_json(card, {**files.read_json(card), "git_revision": revision(root)})


def _git(root: Path, *command: str) -> str:
    told = subprocess.run(["git", *command], cwd=root, capture_output=True, text=True, check=True)
    return told.stdout.strip()
