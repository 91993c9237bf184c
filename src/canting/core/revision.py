"""The git revision of a run."""

import subprocess

WRITTEN = (":(exclude,top)results", ":(exclude,top)dvc.lock")
"""What a run writes itself, so that it says nothing of what the run was made from."""


def revision() -> str | None:
    """Return git's commit, with `-dirty` where a tracked file differs; none outside git."""
    try:
        commit = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":(top)", *WRITTEN)
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}-dirty" if changed else commit


def _git(*command: str) -> str:
    told = subprocess.run(["git", *command], capture_output=True, text=True, check=True)
    return told.stdout.strip()
