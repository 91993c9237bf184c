"""Conditional requests: what a browser has already is not sent again (RFC 9110, 13.1.2)."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse


def tagged(headers: dict[str, str], *parts: str) -> dict[str, str]:
    """Return headers with an `ETag` made of the parts."""
    return {**headers, "ETag": f'"{"-".join(parts)}"'}


def not_modified(request: Request, headers: dict[str, str]) -> Response | None:
    """Return 304 where the sender names the `ETag` of the headers, else nothing."""
    known = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    if tags.isdisjoint({"*", headers["ETag"]}):
        return None
    return NotModifiedResponse(Headers(headers))
