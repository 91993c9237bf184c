"""History: answers and their pictures, stored until deleted or expired."""

from canting.serving.service.history.entries import Entry, Filter, NewEntry, Page
from canting.serving.service.history.errors import HistoryError, InvalidValue, UnknownEntry
from canting.serving.service.history.history import History
from canting.serving.service.history.opening import open_history

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
