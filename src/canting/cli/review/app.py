"""The page: one doubtful label at a time, its picture, what is alike, and what to do with it."""

import asyncio
import io
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Mount, Route

from canting.cli.review.decisions import Decisions, counts, kind
from canting.cli.review.doubts import DoubtfulLabel, DoubtfulLabels
from canting.cli.review.guard import Guard
from canting.core.errors import CantingError
from canting.data.relabel import LEFT_OUT
from canting.imaging import pictures
from canting.serving.service.pages.static import FOLDER

LARGE, SMALL = 1600, 360
"""Longer sides of the picture and of those that are like it, in pixels."""

FEW = 9
"""Classes that have a button and a number key each; of more, one is chosen from a list."""

MOST_BYTES = 10_000
"""Of a form: a decision is a few words."""


LAST_SECONDS = 1.0
"""From the last page to the end of the server."""


class Session(NamedTuple):
    """What all requests share: `latest` are the numbers of decided pictures, the last at the end.

    `end` stops the server.
    """

    doubts: DoubtfulLabels
    decisions: Decisions
    latest: list[int]
    end: Callable[[], None]


def create_app(session: Session, token: str) -> Starlette:
    """Return the application; all its paths begin with the token."""
    one = "/{number:int}"
    routes = [
        Route("/", _start),
        Route("/done", _done),
        Route("/end", _end, methods=["POST"]),
        Route("/{name}.css", _style),
        Route("/review.js", _script),
        Route(one, _page),
        Route(one, _decide, methods=["POST"]),
        Route(f"{one}/undo", _undo, methods=["POST"]),
        Route(f"{one}/picture", _picture),
        Route(f"{one}/similar/{{place:int}}", _similar),
    ]
    app = Starlette(
        routes=[Mount(f"/{token}", routes=routes)],
        middleware=[Middleware(Guard, token=token)],
        exception_handlers={CantingError: _failed},
    )
    app.state.session = session
    return app


def _session(request: Request) -> Session:
    session: Session = request.app.state.session
    return session


def _doubt(request: Request) -> DoubtfulLabel:
    number: int = request.path_params["number"]
    shown = _session(request).doubts.shown
    if not 1 <= number <= len(shown):
        raise HTTPException(404)
    return shown[number - 1]


def _to(request: Request, place: int | str) -> Response:
    return RedirectResponse(f"{request.scope['root_path']}/{place}", 303)


async def _start(request: Request) -> Response:
    """Go to the first picture that is not decided."""
    return _to(request, _next(_session(request), 0))


def _next(session: Session, after: int) -> int | str:
    """Return the first undecided number after one, else of all, else where the end is."""
    shown = session.doubts.shown
    made = session.decisions.made(shown)
    left = [number for number, one in enumerate(shown, 1) if one.key not in made]
    return next((number for number in left if number > after), left[0] if left else "done")


async def _page(request: Request) -> Response:
    session, doubt = _session(request), _doubt(request)
    made = session.decisions.made(session.doubts.shown)
    decided = made.get(doubt.key)
    return _rendered(
        request,
        "doubt.html",
        number=request.path_params["number"],
        doubt=doubt,
        decided=decided,
        kind=None if decided is None else kind(doubt, decided),
        undone=decided is not None or bool(session.latest),
        few=len(session.doubts.labels) <= FEW,
        there=(session.doubts.raw / doubt.path).is_file(),
        groups=[
            (label, [place for place, one in enumerate(_alike(doubt)) if one[0] == label])
            for label in doubt.similar
        ],
    )


async def _done(request: Request) -> Response:
    return _rendered(request, "done.html")


def _rendered(request: Request, template: str, **content: Any) -> Response:
    session = _session(request)
    made = session.decisions.made(session.doubts.shown)
    html = (
        _environment()
        .get_template(template)
        .render(
            root=request.scope["root_path"],
            total=len(session.doubts.shown),
            made=len(made),
            counts=counts(session.doubts.shown, made),
            labels=session.doubts.labels,
            table=session.decisions.path.name,
            **content,
        )
    )
    return HTMLResponse(html)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("canting.cli.review"),
        autoescape=True,
        undefined=StrictUndefined,
        lstrip_blocks=True,
        trim_blocks=True,
    )


async def _decide(request: Request) -> Response:
    """Save what the form says, and go on to the next picture."""
    session, doubt, number = _session(request), _doubt(request), request.path_params["number"]
    fields = await _form(request)
    label = LEFT_OUT if "drop" in fields else fields.get("label", "")
    if label not in session.doubts.labels and "drop" not in fields:
        raise HTTPException(400, f"Expected one of the classes. Received: {label!r}.")
    session.decisions.decide(doubt, label)
    session.latest.append(number)
    return _to(request, _next(session, number))


async def _undo(request: Request) -> Response:
    """Take back the decision on this picture; where there is none, on the one decided last."""
    session, number = _session(request), request.path_params["number"]
    shown = session.doubts.shown
    made = session.decisions.made(shown)
    if _doubt(request).key not in made:
        decided = [one for one in session.latest if shown[one - 1].key in made]
        number = decided[-1] if decided else number
    session.latest[:] = [one for one in session.latest if one != number]
    session.decisions.undo(shown[number - 1])
    return _to(request, number)


async def _end(request: Request) -> Response:
    # the browser still asks for the styles of the last page
    asyncio.get_running_loop().call_later(LAST_SECONDS, _session(request).end)
    return _rendered(request, "ended.html")


async def _form(request: Request) -> dict[str, str]:
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise HTTPException(413)
    try:
        return dict(parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=10))
    except ValueError:
        raise HTTPException(400) from None


def _picture(request: Request) -> Response:
    return _jpeg(_session(request).doubts.raw / _doubt(request).path, LARGE)


def _similar(request: Request) -> Response:
    alike, place = _alike(_doubt(request)), request.path_params["place"]
    if place >= len(alike):
        raise HTTPException(404)
    return _jpeg(_session(request).doubts.raw / alike[place][1], SMALL)


def _alike(doubt: DoubtfulLabel) -> list[tuple[str, str]]:
    return [(label, path) for label, paths in doubt.similar.items() for path in paths]


def _jpeg(path: Path, side: int) -> Response:
    """Return a picture as every browser shows it, whatever its format."""
    try:
        image = pictures.decode(path).image
    except (OSError, pictures.PictureError):
        raise HTTPException(404) from None
    image.thumbnail((side, side))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=90)
    return Response(content.getvalue(), media_type="image/jpeg")


def _style(request: Request) -> Response:
    places = {"base": FOLDER, "review": _STATIC}
    if (name := request.path_params["name"]) not in places:
        raise HTTPException(404)
    return FileResponse(places[name] / f"{name}.css", media_type="text/css")


def _script(request: Request) -> Response:  # noqa: ARG001
    return FileResponse(_STATIC / "review.js", media_type="text/javascript")


_STATIC = Path(str(files("canting.cli.review") / "static"))


async def _failed(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Say what is wrong with the table or the parameters; nothing was saved."""
    return PlainTextResponse(f"Nothing was saved. {error}", 409)
