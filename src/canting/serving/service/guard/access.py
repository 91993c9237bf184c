"""What is asked of a request before anything else: its host, its origin, and a token."""

import re
from urllib.parse import urlsplit

from starlette.requests import Request

from canting.serving.service.errors import Refusal
from canting.serving.service.guard import visitors
from canting.serving.service.settings import Settings

HEALTH = ("/livez", "/readyz")
"""Asked by supervisors, under any host name and without a token."""

OPEN = ("/api/openapi.json", "/language")
"""For everybody, as is all below `/static`."""

OPERATOR = ("/metrics", "/operator")
"""For the operator alone where there is a token."""

_ASKS_FIRST = "access-control-request-method"
"""Header of the request that a browser sends, without a token, before that of another site."""

SAFE = ("GET", "HEAD", "OPTIONS")


def check(request: Request, path: str) -> None:
    """Raise `Refusal` 400 for a foreign host, 403 for a foreign page, 401 without a token.

    `path` is the one by which routes are found: `request.url` is made of the `Host` header too,
    which the sender chooses.
    """
    settings: Settings = request.app.state.canting.settings
    if path in HEALTH:
        return
    if path != "/metrics":
        _check_host(request, settings)
    if request.method not in SAFE:
        _check_origin(request, settings)
    is_preflight = request.method == "OPTIONS" and _ASKS_FIRST in request.headers
    if is_preflight or not _needs_token(path, settings):
        return
    if not visitors.is_operator(request):
        is_page = not (_is_below(path, "/api") or path == "/metrics")
        asked = 'Basic realm="canting", charset="UTF-8"' if is_page else "Bearer"
        raise Refusal(401, "unauthorized", "A token is required.", {"WWW-Authenticate": asked})


def is_same_origin(request: Request, origin: str) -> bool:
    """Return whether an `Origin` is that of this address."""
    try:
        sent = urlsplit(origin)
    except ValueError:  # half of a bracket, for example
        return False
    host = request.headers.get("host", "").lower()
    return (sent.scheme, sent.netloc.lower()) == (request.scope["scheme"], host)


def _check_host(request: Request, settings: Settings) -> None:
    given = request.headers.get("host", "").lower()
    found = _HOST.fullmatch(given)
    if not (found and any(_fits(found[1], pattern.lower()) for pattern in settings.hosts)):
        message = "This service does not answer under this name: see `CANTING_HOSTS`."
        raise Refusal(400, "unknown_host", message)


_HOST = re.compile(r"([^:\[\]]*|\[[^\[\]]*\])(:[0-9]*)?")
"""A name or an address, the latter in brackets where it has colons, and a port."""


def _fits(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern in ("*", name)


def _check_origin(request: Request, settings: Settings) -> None:
    origin = request.headers.get("origin")
    if origin in settings.origins:
        return
    is_cross = request.headers.get("sec-fetch-site") == "cross-site"
    if is_cross or (origin is not None and not is_same_origin(request, origin)):
        raise Refusal(403, "cross_site", "A page of another site sent this request.")


def _needs_token(path: str, settings: Settings) -> bool:
    if settings.token is None or path in OPEN or _is_below(path, "/static"):
        return False
    return path in OPERATOR or not settings.visitors


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
