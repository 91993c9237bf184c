"""Who may use the API and see the history, where the settings name tokens."""

import base64
import binascii
import hmac

from pydantic import SecretStr
from starlette.requests import Request

from canting.service.errors import Refusal
from canting.service.settings import Settings

OPEN = ("/api/openapi.json",)
"""Below `/api`, and for everybody."""

SAFE = ("GET", "HEAD", "OPTIONS")


def check(request: Request) -> None:
    """Raise `Refusal` 401 without the token, 403 for a write that another site's page sends.

    The path is that of the scope, by which routes are found: `request.url` is made of the `Host`
    header too, which the sender chooses.
    """
    path = request.scope["path"].rstrip("/")
    cross = request.headers.get("sec-fetch-site") == "cross-site"
    if cross and request.method not in SAFE:
        raise Refusal(403, "cross_site", "Another site's page sent this.")
    needed = _needed(path, request.app.state.canting.settings)
    if needed and not _is_given(request.headers.get("authorization", ""), needed):
        headers = {"WWW-Authenticate": 'Basic realm="canting", charset="UTF-8"'}
        if _is_below(path, "/api"):
            headers = {"WWW-Authenticate": "Bearer"}
        raise Refusal(401, "unauthorized", "This needs a token.", headers)


def _needed(path: str, settings: Settings) -> list[SecretStr]:
    """Return the tokens of which one must be given."""
    if path in OPEN:
        return []
    if _is_below(path, "/api/history"):
        return list(filter(None, [settings.history_token or settings.api_token]))
    if _is_below(path, "/api"):
        return list(filter(None, [settings.api_token]))
    if _is_below(path, "/history") or path == "/history.csv":
        return list(filter(None, [settings.history_token]))
    return []


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _is_given(header: str, needed: list[SecretStr]) -> bool:
    scheme, _, value = header.partition(" ")
    given = value.strip() if scheme.lower() == "bearer" else _password(scheme, value)
    return any(
        hmac.compare_digest(given.encode(), token.get_secret_value().encode()) for token in needed
    )


def _password(scheme: str, value: str) -> str:
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
