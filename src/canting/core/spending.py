"""What a stage takes of the clock and of the processor."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from canting.core import files

SPENT = Path("costs") / "stages"
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
