"""Connections of the HTTP server: time-outs and a cap, which uvicorn does not have."""

import asyncio
import sys
from typing import Any

import uvicorn.config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 10.0
"""From a connection, or the first byte of a further request, to the end of its headers."""

WRITE_SECONDS = 30.0
"""In which a client must read something of what was sent."""

MOST = 400
"""Connections; for one more, the one that has waited longest without a request is closed, or, where
each has one, that whose request has been on its way for longest."""

BACKLOG = 128
"""Connections that are accepted in one go, before any of them is counted."""


class Connection(H11Protocol):
    """A connection that is closed where its client keeps it waiting."""

    def __init__(self, config: uvicorn.Config, *others: Any, **named: Any) -> None:
        """Take what uvicorn gives; requests start with an empty context, as they were sent.

        A context that goes on from request to request keeps what the first one left in it. And
        uvicorn believes every proxy on this machine, or those in a variable of its own: which
        ones are believed is a setting of the service, see `proxies`.
        """
        config.reset_contextvars = True
        super().__init__(config, *others, **named)
        if isinstance(self.app, ProxyHeadersMiddleware):
            self.app = self.app.app
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether no request of it is being answered, and all of the last answer is sent."""
        is_idle = self.cycle is None or self.cycle.response_complete
        return is_idle and self.transport.get_write_buffer_size() == 0

    @property
    def is_receiving(self) -> bool:
        """Whether its request is not yet here as a whole."""
        return self.cycle is not None and self.cycle.more_body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room for it, and give it time for its headers."""
        super().connection_made(transport)
        self.since = self.loop.time()
        if len(self.connections) > MOST:
            _least_needed(self.connections - {self}).transport.abort()
        self._end_in(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; headers must end in time."""
        super().data_received(data)
        if not self.is_waiting:
            self._stop()
        elif self._timer is None:
            self._end_in(HEADER_SECONDS)

    def on_response_complete(self) -> None:
        """Count the time of a connection that waits for its next request."""
        self.since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Give the client time to read."""
        super().pause_writing()
        self._read_by(self.transport.get_write_buffer_size() + 1)

    def resume_writing(self) -> None:
        """Go on, as the client has read."""
        super().resume_writing()
        self._stop()

    def _read_by(self, before: int) -> None:
        """Go on where the client has read since `before` bytes were left, else close."""
        left = self.transport.get_write_buffer_size()
        if left >= before:
            self.transport.abort()
            return
        self._stop()
        self._timer = self.loop.call_later(WRITE_SECONDS, self._read_by, left)

    def _end_in(self, seconds: float) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _least_needed(connections: set[Any]) -> Connection:
    """Return the oldest without a request, else the oldest of those that are still being sent."""
    waiting = [one for one in connections if one.is_waiting]
    sent = [one for one in connections if one.is_receiving]
    found: Connection = min(waiting or sent or connections, key=lambda one: one.since)
    return found


def prepare() -> None:
    """Let every uvicorn of this process use `Connection`, and as many files as are allowed."""
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{Connection.__name__}"
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * MOST if hard == resource.RLIM_INFINITY else min(4 * MOST, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
