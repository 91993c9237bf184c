"""REST of the history."""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from canting.serving.service.errors import Refusal
from canting.serving.service.guard import visitors
from canting.serving.service.rest import schemas
from canting.serving.service.rest.openapi import LARGEST_PAGE, LAST_PAGE, LONGEST_SEARCH
from canting.serving.service.state import ServiceState
from canting.serving.service.uploads.multipart import MAX_FIELD_BYTES, chunks

if TYPE_CHECKING:
    from canting.serving.service.history import Entry, Filter, History

Value = TypeVar("Value")


def routes() -> list[BaseRoute]:
    """Return what is below `/api/history`."""
    one = "/api/history/{id:str}"
    return [
        Route("/api/history", _page, methods=["GET"]),
        Route(one, _get, methods=["GET"]),
        Route(one, _delete, methods=["DELETE"]),
        Route(f"{one}/correction", _correct, methods=["POST"]),
    ]


async def _page(request: Request) -> Response:
    history = await opened(request)
    page = _whole(request, "page", 1, LAST_PAGE)
    size = _whole(request, "size", 24, LARGEST_PAGE)
    which = _filter(request)._replace(owner=visitors.reads(request))
    found = await run(request, history.page, which, page, size)
    body = schemas.KeptPage(
        entries=[kept(entry) for entry in found.entries],
        total=found.total,
        page=found.page,
        pages=found.pages,
    )
    return as_json(body)


async def _get(request: Request) -> Response:
    history = await opened(request)
    name = request.path_params["id"]
    return as_json(kept(await run(request, history.get, name, visitors.reads(request, name))))


async def _delete(request: Request) -> Response:
    history = await opened(request)
    await run(request, history.delete, request.path_params["id"], visitors.writes(request))
    return Response(status_code=204)


async def _correct(request: Request) -> Response:
    history = await opened(request)
    label = (await _correction(request)).label
    classifier = request.app.state.canting.model.classifier
    if label is not None and classifier is not None and label not in classifier.labels:
        message = f"`label`: expected one of {', '.join(classifier.labels)}."
        raise Refusal(422, "unknown_label", message)
    name, owner = request.path_params["id"], visitors.writes(request)
    return as_json(kept(await run(request, history.correct, name, label, owner)))


async def _correction(request: Request) -> schemas.Correction:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Refusal(415, "unsupported_media_type", 'Send JSON: {"label": "…"}.')
    settings = request.app.state.canting.settings
    content = b"".join([chunk async for chunk in chunks(request, settings, MAX_FIELD_BYTES)])
    try:
        return schemas.Correction.model_validate_json(content)
    except ValidationError:
        raise Refusal(400, "bad_body", 'Send JSON: {"label": "…"} or {"label": null}.') from None


async def opened(request: Request) -> "History":
    """Return the history; raise `Refusal` where none is kept or it cannot be opened."""
    state: ServiceState = request.app.state.canting
    history = await state.opened_history()
    if history is None and state.history_problem:
        raise _unavailable()
    if history is None:
        raise Refusal(404, "history_off", "The history is switched off.")
    return history


async def run(request: Request, call: Callable[..., Value], *arguments: Any) -> Value:
    """Run a call of the history in its threads; its errors become `Refusal`s."""
    from canting.serving.service.history import HistoryError, InvalidValue, UnknownEntry

    state: ServiceState = request.app.state.canting
    try:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(state.writers, call, *arguments)
    except UnknownEntry:
        raise Refusal(404, "unknown_entry", "There is no such entry or page.") from None
    except InvalidValue as error:
        raise Refusal(400, "bad_parameter", str(error)) from None
    except HistoryError:
        raise _unavailable() from None


def _unavailable() -> Refusal:
    return Refusal(503, "history_unavailable", "The history is not available at the moment.")


def kept(entry: "Entry") -> schemas.Kept:
    """Return the body of an entry."""
    return schemas.Kept(**{name: getattr(entry, name) for name in schemas.Kept.model_fields})


def as_json(body: schemas.Body) -> Response:
    """Return a body as JSON."""
    return Response(body.model_dump_json(), media_type="application/json")


def _filter(request: Request) -> "Filter":
    from canting.serving.service.history import Filter

    query = request.query_params
    abstained = {"": None, "true": True, "false": False}
    if query.get("abstained", "") not in abstained or query.get("abstained") == "":
        raise _bad("abstained", "true or false")
    if len(query.get("label", "")) > 200:
        raise _bad("label", "at most 200 characters")
    name = query.get("name", "")
    if len(name) > LONGEST_SEARCH:
        raise _bad("name", f"at most {LONGEST_SEARCH} characters")
    return Filter(
        label=query.get("label"),
        since=_time(request, "since"),
        until=_time(request, "until"),
        abstained=abstained[query.get("abstained", "")],
        name=name or None,
    )


def _time(request: Request, name: str) -> datetime | None:
    given = request.query_params.get(name)
    if given is None:
        return None
    expected = "a time with its zone, such as 2030-12-31T23:59:59Z"
    if not _TIME.fullmatch(given):
        raise _bad(name, expected)
    try:
        return datetime.fromisoformat(given.upper())
    except ValueError:
        raise _bad(name, expected) from None


_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.I)
"""RFC 3339, 5.6."""


def _whole(request: Request, name: str, default: int, most: int) -> int:
    given = request.query_params.get(name, str(default))
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:9] or 0) <= most):
        raise _bad(name, f"a whole number from 1 to {most}")
    return int(given[:9])


def _bad(name: str, expected: str) -> Refusal:
    return Refusal(400, "bad_parameter", f"`{name}`: expected {expected}.")
