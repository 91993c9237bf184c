"""CSRF protection: a signed token in the form and a cookie."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from pydantic import SecretStr
from starlette.requests import Request

from canting.serving.service.errors import Refusal
from canting.serving.service.settings import Settings

COOKIE = "canting_form"
FIELD = "csrf"


def token(request: Request) -> str:
    """Return the token for the hidden field `csrf` of a form; its cookie goes with the answer."""
    nonce = _nonce(request)
    if nonce is None:
        nonce = request.state.new_nonce = secrets.token_urlsafe(24)
    return _sign(request, nonce)


def check_csrf(request: Request, fields: Mapping[str, str]) -> None:
    """Raise `Refusal` 403 `csrf` unless the form came from a page of ours."""
    nonce = _nonce(request)
    expected = _sign(request, nonce) if nonce else secrets.token_hex()
    if not hmac.compare_digest(expected.encode(), fields.get(FIELD, "").encode()):
        raise Refusal(403, "csrf", "This form has expired or was sent from another site.")


def new_cookie(request: Request) -> str | None:
    """Return the `Set-Cookie` of a form that this answer brings, where its cookie is new."""
    nonce = getattr(request.state, "new_nonce", None)
    if nonce is None:
        return None
    secure = "; Secure" if request.scope["scheme"] == "https" else ""
    return f"{COOKIE}={nonce}; Path=/; HttpOnly; SameSite=Lax{secure}"


def _nonce(request: Request) -> str | None:
    return getattr(request.state, "new_nonce", None) or request.cookies.get(COOKIE)


def _sign(request: Request, nonce: str) -> str:
    key = request.app.state.canting.secret
    return hmac.new(key, nonce.encode(), hashlib.sha256).hexdigest()


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
        raise Refusal(403, "cross_site", "A page of another site sent this request.")
    needed = _needed(path, request.app.state.canting.settings)
    if needed and not _is_given(request.headers.get("authorization", ""), needed):
        headers = {"WWW-Authenticate": 'Basic realm="canting", charset="UTF-8"'}
        if _is_below(path, "/api"):
            headers = {"WWW-Authenticate": "Bearer"}
        raise Refusal(401, "unauthorized", "A token is required.", headers)


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
