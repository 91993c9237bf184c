"""Which entries of the history a visitor wants to see, read from the query of an address."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from starlette.datastructures import QueryParams

from canting.service.errors import Refusal

if TYPE_CHECKING:
    from canting.service.history import Filter

KNOWN = {"": None, "yes": False, "no": True}
"""Words of the query field `known`, as `Filter.abstained`."""


class Choice(NamedTuple):
    """A checked query; days are in UTC, as `YYYY-MM-DD` or empty."""

    label: str = ""
    known: str = ""
    since: str = ""
    until: str = ""
    page: int = 1

    @property
    def fields(self) -> dict[str, str]:
        """The query without the page."""
        return {name: getattr(self, name) for name in ("label", "known", "since", "until")}

    @property
    def filter(self) -> "Filter":
        """The entries that are meant; `until` is a day that is still shown."""
        from canting.service.history import Filter

        return Filter(self.label or None, _day(self.since), _after(self.until), KNOWN[self.known])


def read(query: QueryParams) -> Choice:
    """Return the choice of a query; raise `Refusal` 400 `bad_filter`."""
    known, page = query.get("known", ""), query.get("page", "1")
    is_number = page.isascii() and page.isdigit() and len(page) < 8 and int(page) > 0
    if known not in KNOWN or not is_number:
        raise _bad()
    since, until = query.get("since", ""), query.get("until", "")
    if not (_is_day(since) and _is_day(until)):
        raise _bad()
    return Choice(query.get("label", "")[:200], known, since, until, int(page))


def _is_day(text: str) -> bool:
    try:
        return not text or (_day(text) is not None and len(text) == 10)
    except ValueError:
        return False


def _day(text: str) -> datetime | None:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if text else None


def _after(text: str) -> datetime | None:
    """Return the start of the next day; after the last day of the calendar there is none."""
    day = _day(text)
    return None if day is None or day.date() == date.max else day + timedelta(days=1)


def _bad() -> Refusal:
    return Refusal(400, "bad_filter", "`known`, `since`, `until` or `page` cannot be read.")
