"""The history as pages and as a table."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from canting.service.api_history import opened, run
from canting.service.errors import Refusal
from canting.service.pages import choice, table
from canting.service.pages.rendering import page
from canting.service.state import State

if TYPE_CHECKING:
    from canting.service.history import History, Page

SIZE = 24
"""Entries of a page: whole rows of two, three and four."""

SAID = ("deleted",)
"""What can be said above the list after something was done."""


async def history(request: Request) -> Response:
    """Show a page of entries, or why there are none."""
    wanted = choice.read(request.query_params)
    try:
        kept = await opened(request)
        found = await run(request, _found, kept, wanted)
        labels = await run(request, kept.labels)
    except Refusal as refusal:
        return _none(request, refusal)
    said = request.query_params.get("done", "")
    return page(
        request,
        "history.html",
        found=found,
        choice=wanted,
        labels=labels,
        classifier=_state(request).model.classifier,
        said=said if said in SAID else "",
    )


async def export(request: Request) -> Response:
    """Send the chosen entries as CSV, row by row."""
    wanted = choice.read(request.query_params)
    kept = await opened(request)
    headers = {"Content-Disposition": 'attachment; filename="history.csv"'}
    rows = table.rows(kept.all(wanted.filter))
    return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=headers)


def _found(kept: "History", wanted: choice.Choice) -> "Page":
    """Return a page; one that is no longer there, as after a deletion, is a refusal."""
    from canting.service.history import InvalidValue

    try:
        return kept.page(wanted.filter, wanted.page, SIZE)
    except InvalidValue:
        raise Refusal(400, "bad_filter", "There is no such page or filter.") from None


def _none(request: Request, refusal: Refusal) -> Response:
    if refusal.code not in ("history_off", "history_unavailable"):
        raise refusal
    kind = "off" if refusal.code == "history_off" else "broken"
    status = 200 if kind == "off" else refusal.status
    return page(request, "no_history.html", status=status, kind=kind)


def _state(request: Request) -> State:
    state: State = request.app.state.canting
    return state
