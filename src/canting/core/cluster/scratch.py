"""Folders of a node: what it keeps for all tasks, and one for each task alone."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canting.core.cluster.portable import Need
from canting.core.cluster.storage import Storage

SCRATCH = "CANTING_SCRATCH"
"""Environment variable of a node: the folder it brings files to; else that of temporary ones."""


def folder(node: str) -> Path:
    """Return the folder of a node, which is made."""
    found = Path(os.environ.get(SCRATCH) or tempfile.gettempdir()) / f"canting-{node}"
    found.mkdir(parents=True, exist_ok=True)
    return found


@contextmanager
def own(folder: Path) -> Iterator[None]:
    """Work in a folder of this process alone, as another run may do the same task at a time.

    Those of processes that were killed are removed.
    """
    import psutil

    for left in folder.glob("task-*"):
        if not psutil.pid_exists(int(left.name.removeprefix("task-"))):
            shutil.rmtree(left, ignore_errors=True)
    ours = folder / f"task-{os.getpid()}"
    shutil.rmtree(ours, ignore_errors=True)
    ours.mkdir()
    os.chdir(ours)
    try:
        yield
    finally:
        os.chdir(folder)
        shutil.rmtree(ours)


def give(storage: Storage, need: Need, folder: Path) -> None:
    """Bring a file here; one that stays is brought to the node's folder, once, and linked."""
    from filelock import FileLock

    place = Path(need.place)
    if not need.stays:
        storage.bring(need.name, place)
        return
    kept = folder / place
    place.parent.mkdir(parents=True, exist_ok=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(kept.with_name(f".{kept.name}.lock")):
        if not kept.exists():
            storage.bring(need.name, kept)
    place.symlink_to(kept)
