"""Refusals as responses: JSON for programs, a page for people."""

from http import HTTPStatus
from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from canting.serving.service import metrics, pages
from canting.serving.service.errors import Refusal
from canting.serving.service.guard import proxies
from canting.serving.service.logs import LOGGER


async def refused(request: Request, error: Exception) -> Response:
    """Return the answer to a refused request."""
    refusal = cast(Refusal, error)
    metrics.REFUSALS.labels(refusal.code).inc()
    if proxies.path_of(request.scope).startswith("/api/"):
        return as_json(request, refusal)
    return _as_page(request, refusal)


async def refused_by_router(request: Request, error: Exception) -> Response:
    """Return the answer to what Starlette itself refuses: an unknown path, a wrong method."""
    problem = cast(HTTPException, error)
    phrase = HTTPStatus(problem.status_code).phrase
    code = phrase.lower().replace(" ", "_")
    return await refused(request, Refusal(problem.status_code, code, phrase, problem.headers))


def _as_page(request: Request, refusal: Refusal) -> Response:
    try:
        return pages.error_page(request, refusal)
    except Exception:
        LOGGER.exception("no error page", extra={"of": {"request_id": request.state.request_id}})
        return PlainTextResponse(refusal.message, refusal.status, refusal.headers)


def as_json(request: Request, refusal: Refusal) -> Response:
    """Return `{code, message, request_id}`."""
    content = {
        "code": refusal.code,
        "message": refusal.message,
        "request_id": request.state.request_id,
    }
    return JSONResponse(content, refusal.status, refusal.headers)
