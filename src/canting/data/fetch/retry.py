"""How often, and after which wait, a download is tried again."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import NoReturn, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

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


def seconds_to_wait(value: str) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3), a number or a date."""
    value = value.strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def patiently(
    attempt: Callable[[], Answer],
    name: str,
    patience: Retry,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Return the first answer of `attempt` that is no `PassingError`, or raise `CantingError`."""

    def wait(state: RetryCallState) -> float:
        asked = _error(state).wait
        return patience.delay * 2.0 ** (state.attempt_number - 1) if asked is None else asked

    def enough(state: RetryCallState) -> bool:
        return state.attempt_number >= patience.tries or state.upcoming_sleep > patience.longest

    def told(state: RetryCallState) -> None:
        words = f"{_error(state)}; trying again in {state.upcoming_sleep:g} s"
        print(f"{name}: {words}", file=sys.stderr)

    def given_up(state: RetryCallState) -> NoReturn:
        raise _given_up(name, _error(state), state.attempt_number) from None

    retrying = Retrying(
        retry=retry_if_exception_type(PassingError),
        wait=wait,
        stop=enough,
        before_sleep=told,
        sleep=sleep,
        retry_error_callback=given_up,
    )
    return retrying(attempt)


def _error(state: RetryCallState) -> PassingError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, PassingError)
    return error


def _given_up(name: str, error: PassingError, tries: int) -> CantingError:
    asked = f" It asks to wait {error.wait:g} s." if error.wait is not None else ""
    count = "1 try" if tries == 1 else f"{tries} tries"
    return CantingError(
        f"`{name}`: gave up after {count}: {error}.{asked} Run again later; what has arrived is "
        "kept and not transferred twice."
    )
