"""What was answered, with its picture, kept until it is deleted or too old."""

from canting.service.history.entries import Entry, Filter, NewEntry, Page
from canting.service.history.errors import HistoryError, InvalidValue, UnknownEntry
from canting.service.history.history import History
from canting.service.history.opening import open_history

__all__ = [
    "Entry",
    "Filter",
    "History",
    "HistoryError",
    "InvalidValue",
    "NewEntry",
    "Page",
    "UnknownEntry",
    "open_history",
]
