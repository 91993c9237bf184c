"""The window of recent answers that is compared."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from canting.serving.service.history import Entry


class WindowRow(NamedTuple):
    """What drift asks of an answer; `corrected` is the label that a person gave."""

    created: datetime
    label: str
    probability: float
    abstained: bool
    distance: float
    corrected: str | None


class Window(NamedTuple):
    """Answers of one model, the newest first, and how many were skipped.

    `others` were answered by another model, `repeats` show the same picture as a row does.
    """

    rows: tuple[WindowRow, ...]
    others: int
    repeats: int

    @property
    def answered(self) -> tuple[WindowRow, ...]:
        """The rows without abstention."""
        return tuple(row for row in self.rows if not row.abstained)


def window(entries: Iterable[Entry], model: str, last: int | None) -> Window:
    """Take the newest answers of a model, at most `last`, from entries with the newest first.

    Two answers with the same figures are of one picture: it counts once, corrected if it was
    corrected once.
    """
    rows: dict[tuple[object, ...], WindowRow] = {}
    others = repeats = 0
    for entry in entries:
        key = (entry.label, entry.probability, entry.distance, entry.width, entry.height)
        if entry.model != model:
            others += 1
        elif key in rows:
            repeats += 1
            rows[key] = _together(rows[key], entry)
        elif len(rows) == last:
            break
        else:
            rows[key] = _row(entry)
    return Window(tuple(rows.values()), others, repeats)


def _row(entry: Entry) -> WindowRow:
    return WindowRow(*(getattr(entry, name) for name in WindowRow._fields))


def _together(row: WindowRow, entry: Entry) -> WindowRow:
    return row if row.corrected is not None else row._replace(corrected=entry.corrected)
