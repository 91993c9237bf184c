"""What killed processes left beside the files that they were writing."""

import shlex
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from canting.cli.doctor.finding import Finding, Level, fine
from canting.core.files import UNFINISHED

FOLDERS = ("build", "results", ".canting")
OLD = 3600
"""Seconds after which an unfinished file is taken for left behind."""


def leftovers(root: Path) -> Iterator[Finding]:
    """Tell of unfinished files that no process is likely to finish."""
    before = time.time() - OLD
    found = [path for path in asides(root) if path.stat().st_mtime < before]
    if not found:
        yield fine("leftovers", "no unfinished file was left behind")
        return
    names = " ".join(shlex.quote(str(path.relative_to(root))) for path in found)
    told = f"{len(found)} unfinished files of killed processes: {names}"
    yield Finding("leftovers", "note", told, f"rm -r {names}")


def asides(root: Path) -> list[Path]:
    """Return what is written beside files, and becomes them when it is whole."""
    hidden = (path for name in FOLDERS for path in (root / name).rglob(".*"))
    return sorted(path for path in hidden if UNFINISHED.fullmatch(path.name))


GIB = 2**30
LEAST, LITTLE = GIB // 2, 4 * GIB
"""Bytes below which a run of the embedded pictures fails, and a study of thousands does."""


SPACE = (
    (
        "canting clean --yes",
        "loses cached views, trunks and trainings that no parameter needs, which an earlier "
        "`params.yaml` would compute again; unfinished trainings stay. `canting clean` alone "
        "lists them",
    ),
    (
        "dvc gc --all-commits --all-experiments",
        "loses outputs that neither the workspace, nor a commit of a branch or tag, nor an "
        "experiment names: those of runs that were never committed, and of git's stash",
    ),
    (
        "dvc gc --all-commits --all-experiments --not-in-remote",
        "loses, beside these, nothing: takes the copies of what DVC's remote holds too, and "
        "`dvc pull` brings them back",
    ),
)
"""Commands that make room, and what each of them loses; the one that costs least comes first.

DVC without `--all-commits --all-experiments` would drop what other commits and experiments need.
"""


def disk(root: Path) -> Iterator[Finding]:
    """Tell how much room there is and, where it is little, how to make some step by step."""
    free = shutil.disk_usage(root).free
    told = f"{free / GIB:.1f} GiB are free"
    if free >= LITTLE:
        yield fine("disk", told)
        return
    level: Level = "fix" if free < LEAST else "note"
    yield Finding(
        "disk", level, f"{told}; the next lines make room, one after another until it is enough"
    )
    for number, (command, lost) in enumerate(SPACE, 1):
        yield Finding("disk", level, f"step {number} {lost}", command)
