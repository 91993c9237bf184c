"""Who may use the page: this machine, by the address that was printed, and no other site's page."""

from hmac import compare_digest
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from canting.serving.service.middleware import secure

HERE = ("127.0.0.1", "localhost")
"""Names in `Host` of a page of this machine; by any other, a site has led a browser here."""


class Guard:
    """Middleware: refuses requests without the secret first part of the path, or from elsewhere."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        """Wrap an application; `token` is the first part of all its paths."""
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                secure(MutableHeaders(scope=message))
            await send(message)

        answer = self._refusal(scope) or self._app
        await answer(scope, receive, secured)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if _name(headers.get("host", "")) not in HERE:
            return PlainTextResponse("Open the address that `canting review` printed.", 403)
        first = scope["path"].lstrip("/").partition("/")[0]
        if not compare_digest(first.encode(), self._token.encode()):
            return PlainTextResponse("Open the address that `canting review` printed.", 404)
        if scope["method"] not in ("GET", "HEAD") and not _own(headers):
            return PlainTextResponse("Another site's page may change nothing here.", 403)
        return None


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _own(headers: Headers) -> bool:
    """Return whether a form was sent by our own page; programs name no origin."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
    return site == "same-origin" and origin in (None, f"http://{headers.get('host')}")
