"""The rest of an upload that was refused while it was being sent.

A connection that is closed with unread bytes is reset, and the client sees no answer. So the
answer is sent whole, then a bounded rest is read and thrown away, and only then is the answer
ended.
"""

import asyncio

from starlette.types import Message, Receive

MOST_BYTES = 64 * 2**20
MOST_SECONDS = 10.0


class Body:
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
