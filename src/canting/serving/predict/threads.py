"""Chunks over all cores, by threads: the serving installation has none of the training packages."""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock
from typing import TypeVar

from canting.serving.predict.chunk import PredictChunk

Result = TypeVar("Result")
Before = Callable[[], None]

AHEAD = 2
"""Chunks a core that are handed out before the first of them is asked for."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class PictureCount:
    """The count of pictures that are done, on standard error where a person looks at it."""

    def __init__(self, total: int, *, quiet: bool = False) -> None:
        """Show nothing yet; with `quiet`, show nothing ever."""
        self._total, self._done, self._next = total, 0, 0.0
        self._shown, self._lock = sys.stderr.isatty() and not quiet, Lock()

    def add(self, count: int = 1) -> None:
        """Count pictures, from any thread."""
        with self._lock:
            self._done += count
            if self._shown and time.monotonic() > self._next:
                self._next = time.monotonic() + 0.2
                self._print("")

    def end(self) -> None:
        """Leave the count on a line of its own."""
        if self._shown:
            self._print("\n")

    def _print(self, end: str) -> None:
        line = f"\rpredict: {self._done} of {self._total} pictures"
        print(line, end=end, file=sys.stderr, flush=True)


class _Stopped(Exception):  # noqa: N818 (no error: nobody waits for the answers any more)
    """Ends a chunk that nobody waits for."""


def in_order(
    function: Callable[[PredictChunk, Before], Result],
    chunks: Iterable[PredictChunk],
    shown: PictureCount,
) -> Generator[Result, None, None]:
    """Yield `function(chunk)` for every chunk, in their order, over all cores.

    Where the caller stops, so do the threads, before their next picture.
    """
    stopped, waiting = Event(), deque[Future[Result]]()

    def before() -> None:
        if stopped.is_set():
            raise _Stopped
        shown.add()

    pool = ThreadPoolExecutor(cores())
    try:
        for chunk in chunks:
            waiting.append(pool.submit(function, chunk, before))
            if len(waiting) > AHEAD * cores():
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)
