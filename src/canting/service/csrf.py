"""Forms that only our own pages can send: a signed token beside a cookie."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from starlette.requests import Request

from canting.service.errors import Refusal

COOKIE = "canting_form"
FIELD = "csrf"


def token(request: Request) -> str:
    """Return the token for the hidden field `csrf` of a form; its cookie goes with the answer."""
    nonce = _nonce(request)
    if nonce is None:
        nonce = request.state.new_nonce = secrets.token_urlsafe(24)
    return _sign(request, nonce)


def check(request: Request, fields: Mapping[str, str]) -> None:
    """Raise `Refusal` 403 `csrf` unless the form came from a page of ours."""
    nonce = _nonce(request)
    expected = _sign(request, nonce) if nonce else secrets.token_hex()
    if not hmac.compare_digest(expected.encode(), fields.get(FIELD, "").encode()):
        raise Refusal(403, "csrf", "This form is too old or was sent from another site.")


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
