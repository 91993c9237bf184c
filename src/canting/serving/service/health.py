"""`/livez` and `/readyz`: whether the process answers, and whether it has a model."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from canting.serving.service.state import ServiceState


def routes() -> list[BaseRoute]:
    """Return both; BentoML answers them itself before they come here."""
    return [Route("/livez", _livez), Route("/readyz", _readyz)]


async def _livez(_: Request) -> Response:
    return PlainTextResponse("")


async def _readyz(request: Request) -> Response:
    """Tell a code alone; the reason, which may name a path, is in the log."""
    state: ServiceState = request.app.state.canting
    if state.model.classifier is None:
        return PlainTextResponse(state.model.code, 503)
    return PlainTextResponse("")
