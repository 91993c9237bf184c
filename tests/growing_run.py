"""Features of three parts, killed before each change of a file in turn, then run again.

usage: python -m tests.growing_run TRUNKS FOLDER; prints a line a kill.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from canting.config.params import load
from canting.core import files
from canting.models.features import compute, inference, trunk
from canting.models.features.cache import CachedView
from tests.conftest import ROOT

PICTURES, VIEWS, SIZE = 6, 2, (64, 80)
CHANGES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "mmap.__new__")
"""Events of Python's audit hooks that come before a file is changed, or read."""


def views(cache: Path) -> dict[int, CachedView]:
    return {number: CachedView(cache / "features" / f"{number}.npy") for number in range(VIEWS)}


def run(cache: Path) -> int:
    """Make what is missing; return how many parts that took."""
    made = []

    def answered(task: inference.ViewsPart) -> None:
        if not (task.cache / task.name).exists():
            made.append(task.rows)
        genuine(task)

    genuine, inference.answer_part = inference.answer_part, answered
    array = np.random.default_rng(5).integers(0, 255, (PICTURES, *SIZE, 3), dtype=np.uint8)
    settings = load(ROOT / "params.yaml").features
    maker = compute.ViewMaker(array, [str(n) for n in range(PICTURES)], settings, 1)
    file = trunk.place("efficientnet_lite0", None, SIZE, cache)
    missing = {n: one for n, one in views(cache).items() if not one.is_whole(PICTURES)}
    if missing:
        inference.run(maker, file, missing, PICTURES, label="", start=0.0)
    return len(made)


def killed_before(change: int, cache: Path) -> None:
    left = change

    def hook(event: str, given: tuple[Any, ...]) -> None:
        nonlocal left
        if event in CHANGES and any(f"{cache}/{one}" in str(given) for one in ("parts", "feat")):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    run(cache)


def again(cache: Path) -> None:
    """Run to the end, and note how many parts that took."""
    files.write_json(cache / "made", run(cache))


def forked(work: Callable[[], object]) -> int:
    """Do work in a process of its own; return how it ended."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(trunks: Path, folder: Path) -> None:
    inference.CHUNK = 2
    whole: list[str] = []
    for change in count():
        cache = folder / str(change)
        cache.mkdir()
        (cache / "trunks").symlink_to(trunks)
        end = forked(partial(killed_before, change, cache))
        if end != (-signal.SIGKILL if change else 0):
            assert end == 0
            return
        assert not forked(partial(again, cache))
        found = [files.sha256(one.array) for one in views(cache).values()]
        whole = whole or found
        left = sorted(path.name for path in (cache / "parts").glob("*"))
        if change:
            said = {"made": files.read_json(cache / "made"), "same": found == whole, "left": left}
            print(json.dumps({**said, "change": change}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
