"""The bytes of a request as they arrive, within limits of size, memory and time."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from canting.service.errors import Refusal
from canting.service.settings import Settings


async def chunks(request: Request, settings: Settings, limit: int) -> AsyncIterator[bytes]:
    """Yield the body; raise `Refusal` before reading where `Content-Length` is over the limit.

    What is read is taken from the budget of the service until the request has ended.
    """
    if int(request.headers.get("content-length", "0")) > limit:
        raise too_large(limit)
    received, deadline, more = 0, monotonic() + settings.upload_timeout, True
    while more:
        message = await _received(request, min(settings.idle_timeout, deadline - monotonic()))
        chunk = message.get("body", b"")
        received += len(chunk)
        if received > limit:
            raise too_large(limit)
        _hold(request, len(chunk))
        yield chunk
        more = message.get("more_body", False)


def too_large(limit: int) -> Refusal:
    """Return the refusal of what has more bytes than the limit."""
    size = f"{limit / 2**20:.3g} MiB" if limit >= 2**20 else f"{limit:,} bytes"
    return Refusal(413, "too_large", f"At most {size} can be sent.")


async def _received(request: Request, patience: float) -> Message:
    try:
        message = await asyncio.wait_for(request.receive(), max(patience, 0))
    except TimeoutError:
        headers = {"Connection": "close"}
        raise Refusal(408, "upload_timeout", "The upload took too long.", headers) from None
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message


def _hold(request: Request, count: int) -> None:
    request.app.state.canting.budget.take(count)
    request.state.held += count
