"""One expectation and its outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from canting.config.records import Observed


@dataclass(frozen=True)
class Check:
    """One expectation, in words and as Great Expectations' arguments.

    `reason` says of a single row what is wrong with it (`{value}` is what the row holds), `remedy`
    what to do, `key` is the parameter that sets the limit.
    """

    id: str
    name: str
    table: Literal["pictures", "classes"]
    type: str
    arguments: Mapping[str, Any]
    expected: str
    reason: str
    remedy: str
    key: str | None = None


@dataclass(frozen=True)
class CheckOutcome:
    """What Great Expectations found; `rows` holds every unexpected row's name and value."""

    check: Check
    success: bool
    observed: Observed
    unexpected: int | None
    rows: tuple[tuple[str, Any], ...]

    def reason(self, value: Any) -> str:
        """Return what is wrong with a row that holds `value`."""
        return self.check.reason.format(value=value)
