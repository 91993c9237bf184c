"""The web application: pages, REST, and what goes around every request."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.convertors import Convertor, StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from canting.serving.service import failures, health, logs, metrics, pages
from canting.serving.service.errors import Refusal
from canting.serving.service.middleware import Around
from canting.serving.service.rest import api
from canting.serving.service.settings import Settings
from canting.serving.service.state import open_state


def create_app(settings: Settings) -> Starlette:
    """Return the application; its model and history are opened when it starts."""
    logs.configure()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.canting = open_state(settings)
        yield
        app.state.canting.close()

    app = Starlette(
        routes=_routes(),
        exception_handlers={Refusal: failures.refused, HTTPException: failures.refused_by_router},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=("GET", "POST", "DELETE"),
            allow_headers=("Authorization", "Content-Type", "X-Request-ID"),
            expose_headers=("X-Request-ID", "Retry-After"),
        )
    app.add_middleware(Around)
    return app


class _Number(Convertor[int]):
    """A whole number of up to four digits without leading zeros: one address for one thing."""

    regex = "[1-9][0-9]{0,3}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


class _Anything(StringConvertor):
    """Any text, line breaks and nothing included."""

    regex = "(?s:.*)"


register_url_convertor("number", _Number())
register_url_convertor("anything", _Anything())


def _routes() -> list[BaseRoute]:
    """Return all routes; the last takes what BentoML would answer with pages of its own."""
    known = [*health.routes(), *metrics.routes(), *api.routes(), *pages.routes()]
    for route in known:
        _match_whole(route)
    return [*known, Route("/{path:anything}", _Unknown())]


def _match_whole(route: BaseRoute) -> None:
    """Let a route match no address that goes on after its end.

    Starlette ends its patterns with `$`, which a line break may follow: `/metrics%0A` would be
    answered as `/metrics`, and asked for no token.
    """
    if isinstance(route, Route):
        route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")


class _Unknown:
    """Refuses any other address, and the known ones with a wrong method."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Raise `Refusal` 404 or 405."""
        matching = [
            route
            for route in scope["app"].routes
            if isinstance(route, Route) and route.matches(scope)[0] is Match.PARTIAL
        ]
        if matching:
            allowed = ", ".join(sorted({one for route in matching for one in route.methods or ()}))
            raise Refusal(405, "method_not_allowed", f"Use {allowed}.", {"Allow": allowed})
        raise Refusal(404, "not_found", "There is nothing at this address.")
