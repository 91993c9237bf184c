"""Measure the wall-clock and processor time of a stage."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from canting.config.params import Params, load
from canting.core import files, parallel, runtime
from canting.core.cache import used
from canting.core.costs import COSTS
from canting.core.errors import ending

SPENT = COSTS / "stages"
"""Folder below `build` with a file for each stage: the seconds of its last run on this machine."""


@contextmanager
def spending(path: Path) -> Iterator[None]:
    """Note the seconds of what runs inside, if it ends well: by the clock, and of the processor."""
    start = time.perf_counter()
    yield
    clock = time.perf_counter() - start
    note = {"seconds": round(clock, 3), "cpu_seconds": round(processor_seconds(), 3)}
    files.write_json(path, note)


def processor_seconds() -> float:
    """Return what this process has used of all cores, its workers included, ended ones too."""
    told = os.times()
    ended = told.children_user + told.children_system
    return time.process_time() + ended + sum(map(_of, psutil.Process().children(recursive=True)))


def _of(child: psutil.Process) -> float:
    try:
        told = child.cpu_times()
    except psutil.Error:
        return 0.0
    return float(told.user + told.system)


BUILD = Path("build")
"""Git-ignored folder of what the stages hand to one another; DVC keeps it."""

RESULTS = Path("results")
"""Folder of the small results that git keeps, one folder a stage."""

CACHE = Path(".canting")
"""Git-ignored folder of partial results, each under a hash of all that made it."""


@contextmanager
def stage(name: str) -> Iterator[Params]:
    """Yield the checked parameters; turn an error that the user can fix into one clear line.

    So are Ctrl+C and a full disk: files are written aside, so nothing is half-written. What a run
    that ends well took is noted in `build/costs/stages`.
    """
    runtime.prepare()
    kept = "No output was damaged; `dvc repro` goes on from here."
    with ending(name, kept), used(CACHE), spending(BUILD / SPENT / f"{name}.json"):
        params = load(Path("params.yaml"))
        with parallel.on(*params.engine()):
            yield params
