"""Resolve a name on the command line: a folder, a revision, an experiment or a run."""

import json
import re
import subprocess
import tempfile
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from canting.core.errors import CantingError
from canting.runs.compare import record
from canting.runs.compare.comparison import Comparison, compare
from canting.runs.compare.source import Revision, RunFolder, RunSource
from canting.runs.compare.written import as_json, markdown, text

HERE = "."
"""The working tree."""


def find(name: str, root: Path, runs: Path) -> RunSource:
    """Return the source that a name stands for; an MLflow run is brought below `runs`.

    Tried in this order: `.`, a revision of git, an experiment of DVC, a folder with `params.yaml`,
    the id of a run in MLflow. Raises `CantingError` for anything else.
    """
    if name == HERE:
        return RunFolder("workspace", root, _commit("HEAD", root))
    commit = _commit(name, root) or experiments(root).get(name)
    if commit:
        return Revision(name, commit, root)
    if (root / name / "params.yaml").is_file():
        return RunFolder(name, root / name)
    if re.fullmatch("[0-9a-f]{32}", name):
        return _tracked(name, root, runs)
    raise _unknown(name, root)


def experiments(root: Path) -> dict[str, str]:
    """Return the commits of DVC's experiments by their names."""
    told = _git(root, "for-each-ref", "--format=%(objectname) %(refname)", "refs/exps")
    pairs = [line.split(" ", 1) for line in (told or "").splitlines()]
    named = {ref.rpartition("/")[2]: commit for commit, ref in pairs}
    return {name: commit for name, commit in named.items() if not name.startswith("EXEC_")}


def _tracked(run: str, root: Path, runs: Path) -> RunSource:
    from canting.runs.tracking.deliver import fetch

    fetch(run, root, runs / run)
    return RunFolder(run[:8], runs / run)


def _unknown(name: str, root: Path) -> CantingError:
    known = [*experiments(root), *(_git(root, "tag") or "").split()]
    close = get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return CantingError(
        "expected `.`, a revision of git, an experiment of DVC, a folder with `params.yaml`, or "
        f"the id of a run in MLflow. Received: {name!r}.{hint} `git log` and `dvc exp show` list "
        "them; after a shallow clone, `git fetch --unshallow` brings the rest."
    )


def _commit(name: str, root: Path) -> str | None:
    query = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return (_git(root, *query) or "").strip() or None


def _git(root: Path, *command: str) -> str | None:
    try:
        told = subprocess.run(
            ["git", "-C", str(root), *command], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return told.stdout


def between(base: str, new: str, root: Path) -> Comparison:
    """Compare two named runs of the repository at `root`."""
    with tempfile.TemporaryDirectory(prefix="canting-") as runs:
        sources = [find(name, root, Path(runs)) for name in (base, new)]
        return of(*sources)


def of(base: RunSource, new: RunSource) -> Comparison:
    """Compare two sources; raise `CantingError` where the second has no results."""
    ours = record.read(new)
    if ours is None:
        needed = ", ".join(f"`{path}`" for path in record.NEEDED)
        raise CantingError(
            f"{new.name}: expected results, {needed}. Received: none. Run `dvc repro` there."
        )
    return compare(base.name, record.read(base), ours)


def written(found: Comparison, form: Literal["text", "markdown", "json"]) -> str:
    """Return a comparison in a form."""
    if form == "json":
        return json.dumps(as_json(found), indent=2, ensure_ascii=False) + "\n"
    return (markdown if form == "markdown" else text)(found)
