"""Refusals as pages, in words for people."""

from starlette.requests import Request
from starlette.responses import Response

from canting.service.errors import Refusal
from canting.service.pages.rendering import is_part, page


def error_page(request: Request, refusal: Refusal) -> Response:
    """Return the page of a refusal; to a script, the words alone."""
    template = "part_error.html" if is_part(request) else "error.html"
    return page(request, template, status=refusal.status, headers=refusal.headers, refusal=refusal)
