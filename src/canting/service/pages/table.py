"""The history as CSV, in formats for machines: UTC times, dots, SHA-256."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from canting.service.history import Entry

COLUMNS = (
    *("id", "created", "name", "label", "corrected", "probability", "abstained", "reason"),
    *("distance", "model", "width", "height", "source", "probabilities"),
)

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Starts that a spreadsheet takes for a formula."""


def rows(entries: "Iterable[Entry]") -> Iterator[str]:
    """Yield the lines of a CSV (RFC 4180), a header first."""
    yield _line(COLUMNS)
    for entry in entries:
        yield _line(_cells(entry))


def _cells(entry: "Entry") -> Iterator[object]:
    for name in COLUMNS:
        value = getattr(entry, name)
        if name == "created":
            yield value.isoformat()
        elif name == "probabilities":
            yield json.dumps(value, ensure_ascii=False)
        else:
            yield _harmless(value)


def _harmless(value: object) -> object:
    """Return text so that no spreadsheet runs it; file names and labels come from outside."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
