"""The web application: pages, REST, and what goes around every request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from canting.serving.service import api, failures, logs, metrics, pages
from canting.serving.service.errors import Refusal
from canting.serving.service.middleware import Around
from canting.serving.service.settings import Settings
from canting.serving.service.state import open_state


def create_app(settings: Settings) -> Starlette:
    """Return the application; its model and history are opened when it starts."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        logs.configure()
        app.state.canting = open_state(settings)
        yield
        app.state.canting.close()

    app = Starlette(
        routes=_routes(),
        exception_handlers={Refusal: failures.refused, HTTPException: failures.refused_by_router},
        lifespan=lifespan,
    )
    app.add_middleware(Around)
    return app


def _routes() -> list[BaseRoute]:
    """Return all routes; the last takes what BentoML would answer with pages of its own."""
    unknown = Route("/{path:path}", _Unknown())
    return [*metrics.routes(), *api.routes(), *pages.routes(), unknown]


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
