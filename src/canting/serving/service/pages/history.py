"""The filter of the history, read from the query of an address."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import Executor
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from canting.serving.service.errors import Refusal
from canting.serving.service.guard import visitors
from canting.serving.service.guard.proxies import root_of
from canting.serving.service.pages.rendering import page, state_of
from canting.serving.service.rest.api_history import opened, run
from canting.serving.service.rest.openapi import LONGEST_SEARCH

if TYPE_CHECKING:
    from canting.serving.service.history import Filter

KNOWN = {"": None, "yes": False, "no": True}
"""Words of the query field `known`, as `Filter.abstained`."""

FIELDS = ("label", "known", "since", "until", "name")
"""Fields of the query that choose entries."""


class HistoryQuery(NamedTuple):
    """A checked query; days are in UTC, as `YYYY-MM-DD` or empty."""

    label: str = ""
    known: str = ""
    since: str = ""
    until: str = ""
    name: str = ""
    page: int = 1

    @property
    def fields(self) -> dict[str, str]:
        """The query without the page."""
        return {name: getattr(self, name) for name in FIELDS}

    @property
    def filter(self) -> "Filter":
        """The entries that are meant; `until` is a day that is still shown."""
        from canting.serving.service.history import Filter

        return Filter(
            label=self.label or None,
            since=_day(self.since),
            until=_after(self.until),
            abstained=KNOWN[self.known],
            name=self.name or None,
        )


def read(query: QueryParams) -> HistoryQuery:
    """Return the choice of a query; raise `Refusal` 400 `bad_filter`."""
    known, page = query.get("known", ""), query.get("page", "1")
    is_number = page.isascii() and page.isdigit() and len(page) < 8 and int(page) > 0
    if known not in KNOWN or not is_number:
        raise _bad()
    since, until = query.get("since", ""), query.get("until", "")
    if not (_is_day(since) and _is_day(until)):
        raise _bad()
    name = query.get("name", "").strip()
    if len(name) > LONGEST_SEARCH:
        raise _bad()
    return HistoryQuery(query.get("label", "")[:200], known, since, until, name, int(page))


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
    return Refusal(400, "bad_filter", "`known`, `since`, `until`, `name` or `page` cannot be read.")


if TYPE_CHECKING:
    from canting.serving.service.history import Entry

COLUMNS = (
    *("id", "created", "name", "label", "corrected", "probability", "abstained", "reason"),
    *("distance", "model", "width", "height", "source", "probabilities"),
)

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Starts that a spreadsheet takes for a formula."""


def csv_rows(entries: "Iterable[Entry]") -> Iterator[str]:
    """Yield the lines of a CSV (RFC 4180), a header first."""
    yield _line(COLUMNS)
    for entry in entries:
        yield _line(_cells(entry))


def csv_blocks(entries: "Iterable[Entry]") -> Iterator[str]:
    """Yield a CSV, `AT_ONCE` of its lines in each text."""
    rows = csv_rows(entries)
    while block := "".join(islice(rows, AT_ONCE)):
        yield block


AT_ONCE = 500
"""Lines that are sent at once."""


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


if TYPE_CHECKING:
    from canting.serving.service.history import History, Page

SIZE = 24
"""Entries of a page: whole rows of two, three and four."""

SAID = ("deleted",)
"""What can be said above the list after something was done."""


async def history(request: Request) -> Response:
    """Show a page of entries, or why there are none."""
    wanted = read(request.query_params)
    try:
        kept = await opened(request)
        owner = visitors.reads(request)
        found = await run(request, _found, kept, wanted, owner)
        labels = await run(request, kept.labels, owner)
    except Refusal as refusal:
        return _none(request, refusal)
    said = request.query_params.get("done", "")
    return page(
        request,
        "history.html",
        found=found,
        choice=wanted,
        labels=labels,
        longest_search=LONGEST_SEARCH,
        classifier=state_of(request).model.classifier,
        said=said if said in SAID else "",
    )


async def operator(request: Request) -> Response:
    """Let a browser ask for the operator's token, which `access` demands here, and go on."""
    return RedirectResponse(f"{root_of(request.scope)}/history", 303)


async def export(request: Request) -> Response:
    """Send the chosen entries as CSV, some rows at once; only those are held."""
    wanted = read(request.query_params)
    kept = await opened(request)
    theirs = wanted.filter._replace(owner=visitors.reads(request))
    blocks = csv_blocks(kept.all(theirs))
    first = await run(request, next, blocks)  # a history that cannot be read is refused as a page
    headers = {"Content-Disposition": 'attachment; filename="history.csv"'}
    content = _chained(first, blocks, state_of(request).writers)
    return StreamingResponse(content, media_type="text/csv; charset=utf-8", headers=headers)


async def _chained(first: str, following: Iterator[str], threads: Executor) -> AsyncIterator[str]:
    """Yield text as it is read; an error on the way cuts the transfer and is logged."""
    block, loop = first, asyncio.get_running_loop()
    while block:
        yield block
        block = await loop.run_in_executor(threads, next, following, "")


def _found(kept: "History", wanted: HistoryQuery, owner: str | None) -> "Page":
    """Return a page; one that is no longer there, as after a deletion, is a refusal."""
    from canting.serving.service.history import InvalidValue

    try:
        return kept.page(wanted.filter._replace(owner=owner), wanted.page, SIZE)
    except InvalidValue:
        raise Refusal(400, "bad_filter", "There is no such page or filter.") from None


def _none(request: Request, refusal: Refusal) -> Response:
    if refusal.code not in ("history_off", "history_unavailable"):
        raise refusal
    kind = "off" if refusal.code == "history_off" else "broken"
    status = 200 if kind == "off" else refusal.status
    return page(request, "no_history.html", status=status, kind=kind)
