"""What every stage script does around its work."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canting.core import runtime
from canting.core.errors import CantingError
from canting.core.params import Params, load
from canting.core.spending import SPENT, spending

BUILD = Path("build")
"""Git-ignored folder of what the stages hand to one another; DVC keeps it."""

RESULTS = Path("results")
"""Folder of the small results that git keeps, one folder a stage."""

CACHE = Path(".canting")
"""Git-ignored folder of partial results, each under a hash of all that made it."""


@contextmanager
def stage(name: str) -> Iterator[Params]:
    """Yield the checked parameters; turn an error that the user can mend into one clear line.

    A full disk is such an error: files are written aside, so nothing is half-written. What a run
    that ends well took is noted in `build/costs/stages`.
    """
    runtime.prepare()
    try:
        with spending(BUILD / SPENT / f"{name}.json"):
            yield load(Path("params.yaml"))
    except CantingError as error:
        sys.exit(f"{name}: {error}")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.exit(f"{name}: the disk is full. Make room, then run again; nothing was left behind.")
