"""Progress bars."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Never

from tqdm import tqdm

POLL = 1.0
"""Seconds between two looks at work that goes on elsewhere."""


def bar(label: str, total: int | None, unit: str = "it") -> "tqdm[Never]":
    """Return a bar on standard error that counts to `total`."""
    return tqdm(desc=label, total=total, unit=unit, file=sys.stderr, mininterval=0.5)


@contextmanager
def polled(label: str, total: int, unit: str, done: Callable[[], int]) -> Iterator[None]:
    """Show a bar that asks `done`, from a thread of its own, how many of `total` units are done."""
    ended = Event()

    def poll() -> None:
        while not ended.wait(POLL):
            shown.update(done() - shown.n)

    with bar(label, total, unit) as shown:
        thread = Thread(target=poll, daemon=True)
        thread.start()
        try:
            yield
            shown.update(done() - shown.n)
        finally:
            ended.set()
            thread.join()
