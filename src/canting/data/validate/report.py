"""Report of the checks, for programs and for people."""

from collections.abc import Sequence
from pathlib import Path

from canting.config.records import Expectation, Validation
from canting.core.errors import CantingError
from canting.core.text import printable
from canting.data.validate.check import CheckOutcome

SHOWN = 10
"""How many bad rows of one expectation are shown."""


class ValidationError(CantingError):
    """Pictures that are not what `params.yaml` expects of them; names all that is wrong."""

    def __init__(self, outcomes: Sequence[CheckOutcome], docs: Path) -> None:
        """Word every failed one of all outcomes."""
        failed = [outcome for outcome in outcomes if not outcome.success]
        self.failed = [outcome.check.id for outcome in failed]
        parts = [f"{len(failed)} of {len(outcomes)} expectations on the pictures failed."]
        parts += [_worded(number, outcome) for number, outcome in enumerate(failed, 1)]
        parts += [f"All results, to look through in a browser: {docs / 'index.html'}"]
        super().__init__("\n\n".join(parts))


def summary(outcomes: Sequence[CheckOutcome], pictures: int, quarantined: int) -> Validation:
    """Return the results as JSON content, without times and random names."""
    return {
        "success": all(outcome.success for outcome in outcomes),
        "pictures": pictures,
        "quarantined": quarantined,
        "expectations": [_entry(outcome) for outcome in outcomes],
    }


def _entry(outcome: CheckOutcome) -> Expectation:
    return {
        "id": outcome.check.id,
        "name": outcome.check.name,
        "table": outcome.check.table,
        "key": outcome.check.key,
        "expected": outcome.check.expected,
        "success": outcome.success,
        "observed": outcome.observed,
        "unexpected": outcome.unexpected,
        "examples": [{"name": name, "value": value} for name, value in outcome.rows[:SHOWN]],
    }


def _worded(number: int, outcome: CheckOutcome) -> str:
    check = outcome.check
    key = f" (`{check.key}`)" if check.key else ""
    lines = [
        f"{number}. {check.name}",
        f"   Expected{key}: {check.expected}.",
        f"   Received: {received(outcome)}.",
        *(
            f"     {printable(name)}: {printable(outcome.reason(value))}"
            for name, value in outcome.rows[:SHOWN]
        ),
    ]
    if len(outcome.rows) > SHOWN:
        lines.append(f"     … and {len(outcome.rows) - SHOWN} more")
    return "\n".join([*lines, f"   To do: {check.remedy}{_quarantine(outcome)}."])


def received(outcome: CheckOutcome) -> str:
    """Return what was found in place of what was expected."""
    observed = outcome.observed
    if "missing" in observed:
        parts = {"not expected": observed["unexpected"], "missing": observed["missing"]}
        found = (f"{what}: {', '.join(map(printable, n))}" for what, n in parts.items() if n)
        return "; ".join(found) or "none"
    if outcome.unexpected is None:
        return f"{observed['rows']} {outcome.check.table}"
    return f"{outcome.unexpected} of {observed['rows']} {outcome.check.table} do not meet this"


def _quarantine(outcome: CheckOutcome) -> str:
    if outcome.check.table == "classes":
        return ""
    return "; or set `validate.on_bad: quarantine` to leave these pictures out"
