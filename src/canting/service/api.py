"""REST for programs."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from canting.service.classification import classify
from canting.service.intake import form


def routes() -> list[BaseRoute]:
    """Return what is below `/api`."""
    return [Route("/api/classify", _classify, methods=["POST"])]


async def _classify(request: Request) -> Response:
    state = request.app.state.canting
    content = await form(request, state.settings)
    results = [await classify(state, file, overlay=False, source="api") for file in content.files]
    return JSONResponse({"results": [result.answer.label for result in results]})
