"""Addresses that lead back into these pages and nowhere else."""

import re
from urllib.parse import urlencode

from starlette.requests import Request

OWN = re.compile(r"/(?![/\\])[A-Za-z0-9/._~%?&=+:,-]{0,500}")
"""A path, perhaps with a query: no scheme, no host, no backslash, no control character."""


def own(address: str) -> str:
    """Return the address if it is one of these pages, else the first page."""
    return address if OWN.fullmatch(address) else "/"


def here(request: Request) -> str:
    """Return where the visitor is, as an address that can be asked again."""
    if request.method not in ("GET", "HEAD"):
        return "/classify" if request.url.path == "/classify" else "/"
    query = request.url.query
    return own(request.url.path + (f"?{query}" if query else ""))


def with_query(path: str, query: dict[str, str]) -> str:
    """Return a path with those parts of a query that are not empty."""
    kept = {key: value for key, value in query.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path
