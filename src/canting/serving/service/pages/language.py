"""Safe redirects: addresses that lead back into these pages and nowhere else."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from canting.config.languages import DEFAULT, LANGUAGES
from canting.serving.service.guard.proxies import path_of, root_of

OWN = re.compile(r"/(?![/\\])[A-Za-z0-9/._~%?&=+:,-]{0,500}")
"""A path, perhaps with a query: no scheme, no host, no backslash, no control character."""


def own(address: str) -> str:
    """Return the address if it is one of these pages, else the first page."""
    return address if OWN.fullmatch(address) else "/"


def here(request: Request) -> str:
    """Return where the visitor is, as an address that can be asked again."""
    path = path_of(request.scope)
    if request.method not in ("GET", "HEAD"):
        return "/classify" if path == "/classify" else "/"
    query = request.url.query
    return own(path + (f"?{query}" if query else ""))


def with_query(path: str, query: dict[str, str]) -> str:
    """Return a path with those parts of a query that are not empty."""
    kept = {key: value for key, value in query.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path


COOKIE = "canting_language"
YEAR = 365 * 24 * 3600
"""Seconds that a choice is remembered."""


def chosen(request: Request) -> str:
    """Return the language of the switch, else of `Accept-Language`, else the usual one."""
    cookie = request.cookies.get(COOKIE, "")
    return cookie if cookie in LANGUAGES else accepted(request.headers.get("accept-language", ""))


def accepted(header: str) -> str:
    """Return the language of ours that an `Accept-Language` likes best (RFC 9110, 12.5.4)."""
    liked = [(weight, tag) for weight, tag in _weights(header) if weight > 0 and tag in LANGUAGES]
    return max(liked, key=lambda pair: pair[0], default=(0.0, DEFAULT))[1]


async def switch(request: Request) -> Response:
    """Remember a language in a cookie and go back to where the switch was used."""
    root = root_of(request.scope)
    answer = RedirectResponse(root + own(request.query_params.get("back", "/")), 303)
    wanted = request.query_params.get("to", "")
    if wanted in LANGUAGES:
        secure = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE, wanted, YEAR, path=root or "/", httponly=True, samesite="lax", secure=secure
        )
    return answer


def _weights(header: str) -> Iterator[tuple[float, str]]:
    for part in header[:500].split(","):
        tag, _, weight = part.partition(";")
        code = tag.strip().split("-")[0].lower()
        yield _weight(weight), _current(code)


def _current(code: str) -> str:
    return next((new for new, language in LANGUAGES.items() if code in language.old), code)


def _weight(text: str) -> float:
    name, _, value = text.partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
