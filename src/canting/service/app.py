"""The web application: pages, REST, and what goes around every request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from canting.service import api, failures, logs, pages
from canting.service.around import Around
from canting.service.errors import Refusal
from canting.service.settings import Settings
from canting.service.state import open_state


def create_app(settings: Settings) -> Starlette:
    """Return the application; its model and history are opened when it starts."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        logs.configure()
        app.state.canting = open_state(settings)
        yield
        app.state.canting.close()

    app = Starlette(
        routes=[*api.routes(), *pages.routes(), Route("/{path:path}", _unknown, methods=None)],
        exception_handlers={Refusal: failures.refused, HTTPException: failures.refused_by_router},
        lifespan=lifespan,
    )
    app.add_middleware(Around)
    return app


async def _unknown(_: Request) -> Response:
    raise Refusal(404, "not_found", "There is nothing at this address.")
