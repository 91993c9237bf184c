"""Who asks: a browser known by a signed cookie, or the operator by a token; and what is theirs."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from starlette.requests import Request

from canting.serving.service.errors import Refusal
from canting.serving.service.guard import proxies

COOKIE = "canting_visitor"
"""A random id and its signature; it names no person."""

YEAR = 365 * 24 * 3600
"""Seconds that a browser is remembered."""

FIELD = "csrf"
KEY = "key"
"""Names of the hidden field of a form, and of the key in a link to an entry."""


def is_operator(request: Request) -> bool:
    """Return whether the operator's token was given."""
    token = request.app.state.canting.settings.token
    if token is None:
        return False
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    given = value.strip() if scheme.lower() == "bearer" else _password(scheme, value)
    return hmac.compare_digest(given.encode(), token.get_secret_value().encode())


def owner(request: Request) -> str:
    """Return the owner of what this request makes; a new browser gets its cookie."""
    return _sign(request, f"owner {_known_or_new(request)}")


def reads(request: Request, entry: str = "") -> str | None:
    """Return whose entries may be seen, `None`: everybody's. `entry` is asked by its link."""
    everybody = request.app.state.canting.settings.history == "public"
    if everybody or is_operator(request) or (entry and _has_key(request, entry)):
        return None
    return writes(request)


def writes(request: Request) -> str | None:
    """Return whose entries may be corrected and deleted, `None`: everybody's."""
    if is_operator(request):
        return None
    known = _known(request)
    return _sign(request, f"owner {known}") if known else ""


def key(request: Request, entry: str) -> str:
    """Return the key with which a link shows an entry to somebody else."""
    return _sign(request, f"entry {entry}")[:32]


def token(request: Request) -> str:
    """Return the token for the hidden field `csrf` of a form; its cookie goes with the answer."""
    return _sign(request, f"form {_known_or_new(request)}")


def check_csrf(request: Request, fields: Mapping[str, str]) -> None:
    """Raise `Refusal` 403 `csrf` unless the form came from a page of ours."""
    known = _known(request)
    expected = _sign(request, f"form {known}") if known else secrets.token_hex()
    if not hmac.compare_digest(expected.encode(), fields.get(FIELD, "").encode()):
        raise Refusal(403, "csrf", "This form has expired or was sent from another site.")


def new_cookie(request: Request) -> str | None:
    """Return the `Set-Cookie` that this answer brings, where the browser is a new one."""
    new = getattr(request.state, "new_visitor", None)
    if new is None:
        return None
    secure = "; Secure" if request.scope["scheme"] == "https" else ""
    path = proxies.root_of(request.scope) or "/"
    signed = f"{new}.{_sign(request, f'visitor {new}')}"
    return f"{COOKIE}={signed}; Path={path}; Max-Age={YEAR}; HttpOnly; SameSite=Lax{secure}"


def _known_or_new(request: Request) -> str:
    known = _known(request)
    if known is None:
        known = request.state.new_visitor = secrets.token_hex(16)
    return known


def _known(request: Request) -> str | None:
    """Return the id of the browser; `None` where its cookie is absent or not signed by us."""
    if new := getattr(request.state, "new_visitor", None):
        return str(new)
    found = _SIGNED.fullmatch(request.cookies.get(COOKIE, ""))
    if found and hmac.compare_digest(found[2], _sign(request, f"visitor {found[1]}")):
        return found[1]
    return None


_SIGNED = re.compile("([0-9a-f]{32})[.]([0-9a-f]{64})")


def _has_key(request: Request, entry: str) -> bool:
    given = request.query_params.get(KEY, "")
    return hmac.compare_digest(given.encode(), key(request, entry).encode())


def _sign(request: Request, text: str) -> str:
    secret = request.app.state.canting.secret
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def _password(scheme: str, value: str) -> str:
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
