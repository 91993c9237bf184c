"""Types of the history: entries, filters, pages."""

from datetime import datetime
from typing import NamedTuple


class NewEntry(NamedTuple):
    """An answer to be kept; `name` is cleaned, `width` and `height` are of the upright picture."""

    name: str
    label: str
    probability: float
    probabilities: dict[str, float]
    abstained: bool
    reason: str
    distance: float
    model: str
    width: int
    height: int
    source: str
    owner: str | None = None


class Entry(NamedTuple):
    """An answer that is kept.

    `id` are 32 hexadecimal digits, `created` is in UTC, `model` the SHA-256 of the model that
    answered, `corrected` the label that a person gave, `source` is "page" or "api", `owner` a
    digest of the browser that asked; `None`: nobody's.
    """

    id: str
    created: datetime
    name: str
    label: str
    probability: float
    probabilities: dict[str, float]
    abstained: bool
    reason: str
    distance: float
    model: str
    corrected: str | None
    has_picture: bool
    width: int
    height: int
    source: str
    owner: str | None = None


class Filter(NamedTuple):
    """Which entries are meant.

    `label` is the one that a person gave, else the one that was answered; `since` is included,
    `until` is not; both need a time zone. `owner` leaves only what is theirs, `name` is a part of
    the file's name, in any case.
    """

    label: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    abstained: bool | None = None
    owner: str | None = None
    name: str | None = None


EVERY = Filter()
"""The filter that leaves nothing out."""


class Page(NamedTuple):
    """Some of the entries, the newest first, and how many there are on how many pages."""

    entries: tuple[Entry, ...]
    total: int
    page: int
    pages: int
