"""How often, and after which wait, a download is tried again."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from canting.core.errors import CantingError

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Retry:
    """Bounds of the tries: how many, and seconds before the second one, doubled each time.

    `longest`: the longest wait, in seconds, that a server may ask for. `silence`: seconds without
    a byte after which a connection counts as broken.
    """

    tries: int = 5
    delay: float = 2.0
    longest: float = 300.0
    silence: float = 60.0


class PassingError(Exception):
    """A fault that may be over at the next try, after `wait` seconds if the server said so."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        """Keep the wait beside the message."""
        super().__init__(message)
        self.wait = wait


def patiently(attempt: Callable[[], Answer], name: str, patience: Retry) -> Answer:
    """Return the first answer of `attempt` that is no `PassingError`, or raise `CantingError`."""
    for done in range(1, patience.tries + 1):
        try:
            return attempt()
        except PassingError as error:
            wait = patience.delay * 2 ** (done - 1) if error.wait is None else error.wait
            if done == patience.tries or wait > patience.longest:
                raise _given_up(name, error, done) from None
            print(f"{name}: {error}; trying again in {wait:g} s", file=sys.stderr)
            time.sleep(wait)
    raise CantingError(f"`{name}` was not tried. Expected at least one try.")


def _given_up(name: str, error: PassingError, done: int) -> CantingError:
    asked = f" It asks to wait {error.wait:g} s." if error.wait is not None else ""
    return CantingError(
        f"`{name}` could not be downloaded, given up after {done} of the tries: {error}.{asked} "
        "Run again later; what has arrived is kept and not downloaded twice."
    )
