"""What is expensive to make: once for all workers, and for the next run of the same code."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from canting.core import files
from canting.core.closure import SOURCE, closure, imported
from tests.conftest import ROOT


def kept(config: pytest.Config, name: str, make: Callable[[Path], object], *sources: Path) -> Path:
    """Return the folder that `make` writes, not to be changed by a test.

    It stays in pytest's cache under a digest of the sources, of all that they import from the
    project, and of the lock; `pytest --cache-clear` drops it. Two workers that ask for it at the
    same time wait for one another: https://pytest-xdist.readthedocs.io/en/stable/how-to.html.
    """
    read = closure(sources, SOURCE, imported).files | {ROOT / "requirements.txt"}
    digest = files.digest(sys.version, {str(path): files.sha256(path) for path in sorted(read)})
    place = config.cache.mkdir(name) if config.cache else pytest.fail("needs pytest's cache")
    folder = place / digest[:16]
    with FileLock(place / f"{digest[:16]}.lock"):
        if not folder.exists():
            with files.replacing(folder) as aside:
                make(aside)
    return folder
