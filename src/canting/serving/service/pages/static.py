"""Static files: styles, scripts and ornaments, cached by browsers by content."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from canting.serving.service.errors import Refusal
from canting.serving.service.pages.caching import not_modified, tagged

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
YEAR = "public, max-age=31536000, immutable"
FOLDER = Path(str(files("canting.serving.service") / "static"))


def address(name: str) -> str:
    """Return the address of a file, which changes when its content does."""
    return f"/static/{name}?v={_version(name)}"


async def static(request: Request) -> Response:
    """Answer with a file of ours; only names that are there are looked up."""
    name = request.path_params["name"]
    if name not in _names():
        raise Refusal(404, "not_found", "There is nothing at this address.")
    is_current = request.query_params.get("v") == _version(name)
    headers = tagged({"Cache-Control": YEAR if is_current else "no-cache"}, _version(name))
    if known := not_modified(request, headers):
        return known
    return FileResponse(FOLDER / name, media_type=TYPES[Path(name).suffix], headers=headers)


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in FOLDER.iterdir() if path.suffix in TYPES)


@cache
def _version(name: str) -> str:
    return sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
