"""What goes around every request: security headers, request IDs, limits, the log."""

import asyncio
import re
import uuid
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from canting.serving.service import failures, logs, metrics
from canting.serving.service.errors import Refusal
from canting.serving.service.guard import access, proxies, rates, visitors

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from elsewhere, and no script or style inside a page."""

SECURITY = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), payment=(), usb=()",
}


def secure(headers: MutableHeaders) -> None:
    """Add them; an answer that names no caching is not kept."""
    for name, value in SECURITY.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")


HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")


def of(scope: Scope) -> str:
    """Return the id that the sender gave, or a new one."""
    given = Headers(scope=scope).get(HEADER, "")
    return given if WELL_FORMED.fullmatch(given) else uuid.uuid4().hex


MOST_BYTES = 64 * 2**20
MOST_SECONDS = 10.0


class DrainedBody:
    """Wraps `receive` and knows whether the client has more to send."""

    def __init__(self, receive: Receive, *, expects: bool) -> None:
        """`expects` is true where the client waits for a word before it sends the body."""
        self._receive = receive
        self._begun = not expects
        self._more = True

    @property
    def is_unfinished(self) -> bool:
        """Whether the client has more to send."""
        return self._more

    async def receive(self) -> Message:
        """Pass a message on."""
        message = await self._receive()
        self._begun = True
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Throw the rest away, within limits."""
        if not (self._more and self._begun):
            return
        received = 0
        try:
            async with asyncio.timeout(MOST_SECONDS):
                while self._more and received < MOST_BYTES:
                    received += len((await self.receive()).get("body", b""))
        except TimeoutError:
            return


GONE = 499
"""Status in the log where the client left before its answer."""

INTERNAL = Refusal(500, "internal_error", "An internal error occurred and was logged.")


class Around:
    """Middleware: see the module."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, timings = perf_counter(), logs.TIMINGS.set({})
        settings = scope["app"].state.canting.settings
        proxies.apply(scope, settings)
        scope["state"] = {
            **scope.get("state", {}),
            "request_id": of(scope),
            "held": 0,
        }
        request = Request(scope)
        reply = _Reply(request, receive, send)
        try:
            await self._answered(request, reply)
        finally:
            request.app.state.canting.budget.give(request.state.held)
            metrics.count_request(scope, reply.status, perf_counter() - started)
            client = {"client": scope["client"][0]} if settings.log_clients else {}
            logs.request_line(
                request.state.request_id,
                scope["method"],
                scope["path"],
                reply.status,
                started,
                **client,
            )
            logs.TIMINGS.reset(timings)

    async def _answered(self, request: Request, reply: "_Reply") -> None:
        scope, receive = request.scope, reply.body.receive
        try:
            access.check(request, proxies.path_of(scope))
            request.app.state.canting.rates.take(proxies.client_of(scope), rates.REQUEST)
            await self._app(scope, receive, reply.send)
        except ClientDisconnect:
            reply.status = GONE
        except Refusal as refusal:
            await self._refused(request, reply, refusal)
        except Exception:
            logs.LOGGER.exception("failed", extra={"of": {"request_id": request.state.request_id}})
            if reply.begun:
                raise
            await self._refused(request, reply, INTERNAL)

    async def _refused(self, request: Request, reply: "_Reply", refusal: Refusal) -> None:
        answer = await failures.refused(request, refusal)
        await answer(request.scope, reply.body.receive, reply.send)


class _Reply:
    """The answer as it is sent."""

    def __init__(self, request: Request, receive: Receive, send: Send) -> None:
        self._request, self._send = request, send
        headers = Headers(scope=request.scope)
        self._brings = "content-length" in headers or "transfer-encoding" in headers
        self.body = DrainedBody(
            receive, expects=headers.get("expect", "").lower() == "100-continue"
        )
        self.status = GONE
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun, self.status = True, message["status"]
            self._decorate(MutableHeaders(scope=message))
        if self._brings and self.status >= 400 and _is_last(message):
            await self._send({**message, "more_body": True})
            if self.status != 408:
                await self.body.drain()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    def _decorate(self, headers: MutableHeaders) -> None:
        secure(headers)
        if self._brings and self.body.is_unfinished:
            headers["Connection"] = "close"
        headers[HEADER] = self._request.state.request_id
        if cookie := visitors.new_cookie(self._request):
            headers.append("Set-Cookie", cookie)


def _is_last(message: Message) -> bool:
    return message["type"] == "http.response.body" and not message.get("more_body", False)
