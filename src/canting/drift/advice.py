"""What to do after a verdict."""

from collections.abc import Iterator

from canting.drift.drift import Report
from canting.drift.verdict import State, Verdict

UNKNOWN = frozenset({"unlikeness", "abstentions"})
"""Signals that strangers raise too."""


def advice(report: Report) -> Iterator[str]:
    """Yield the steps that follow, in their order."""
    if report.verdict is Verdict.RETRAIN:
        yield from _retrain(report)
    elif report.verdict is Verdict.WATCH:
        yield "Look at the recent pictures on the history page, and ask again when more have come."
    if report.unknown:
        names = ", ".join(f"{label} ({count})" for label, count in report.unknown.items())
        yield f"People named classes that the model does not have: {names}. Consider adding them."


def _retrain(report: Report) -> Iterator[str]:
    seen = report.seen
    refused = len(seen.rows) - len(seen.answered)
    changed = {one.signal.name for one in report.findings if one.state is State.CHANGED}
    if refused and changed & UNKNOWN:
        yield (
            f"Look at the {refused} refused pictures on the history page. What is none of the "
            "classes was refused rightly; if all of them are, there is nothing to train."
        )
    yield (
        f"Name the pictures there: {sum(report.named.values())} of {len(seen.rows)} have a "
        "person's label so far, and only these can be trained on."
    )
    yield "`canting history export corrections` writes them as a labelled folder."
    yield (
        "Add its class folders to those of the training data, then `dvc add data`, `dvc repro`, "
        "and put the new bundle in place."
    )
