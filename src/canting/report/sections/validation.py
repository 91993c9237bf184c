"""What was expected of the pictures, and what came of it."""

from typing import Any

from canting.report.content import Block, Mono, Section, Span, Strong, Table, say
from canting.report.run import Run
from canting.report.words import DASH, count, plural

SHOWN = 40
"""Quarantined files that are listed."""


def section(run: Run) -> Section:
    """Return each expectation with its outcome, and the files that were set aside."""
    entries = run.validation["expectations"]
    failed = sum(not entry["success"] for entry in entries)
    outcome = f"{failed} of them do not hold" if failed else "all of them hold"
    opening = say(
        f"The pictures were checked with Great Expectations before anything learned from them: "
        f"{plural(len(entries), 'expectation')}, {outcome}."
    )
    table = Table(
        "Expectations on the pictures.",
        ("expectation", "limit set by", "expected", "outcome"),
        tuple(_row(entry) for entry in entries),
        words=4,
    )
    return Section("Validation", (opening, table, *_quarantine(run)))


def _row(entry: dict[str, Any]) -> tuple[Span, ...]:
    key: Span = Mono(entry["key"]) if entry["key"] else DASH
    if entry["success"]:
        return entry["name"], key, entry["expected"], "holds"
    bad = entry["unexpected"]
    return entry["name"], key, entry["expected"], Strong(f"fails: {count(bad)}" if bad else "fails")


def _quarantine(run: Run) -> tuple[Block, ...]:
    if run.quarantine.empty:
        return (say("No file was set aside."),)
    rows = tuple(run.quarantine[["path", "reason"]].head(SHOWN).itertuples(index=False, name=None))
    rest = len(run.quarantine) - len(rows)
    more = f" {rest} more stand in results/validate/quarantine.csv." if rest else ""
    caption = f"{plural(len(run.quarantine), 'file')} set aside, in quarantine.{more}"
    return (Table(caption, ("file", "reason"), rows, words=2),)
