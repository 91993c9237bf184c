"""What goes around every request: its id, its line in the log, the headers of its answer."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from canting.service import request_id


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
        scope.setdefault("state", {})["request_id"] = request_id.of(scope)

        async def sent(message: Message) -> None:
            await send(message)

        await self._app(scope, receive, sent)
