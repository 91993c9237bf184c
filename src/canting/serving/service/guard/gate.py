"""Limits of concurrency: pictures at once, the queue, and bytes in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from canting.serving.service.errors import busy


class Gate:
    """Lets `concurrency` in, `queue` wait, and refuses the others."""

    def __init__(self, concurrency: int, queue: int) -> None:
        """Start with all places free."""
        self._places = asyncio.Semaphore(concurrency)
        self._room = concurrency + queue
        self.inside = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place; raise `Refusal` 429 at once where the queue is full."""
        if self.inside >= self._room:
            raise busy("Too many pictures are waiting. Try again in a moment.")
        self.inside += 1
        try:
            async with self._places:
                yield
        finally:
            self.inside -= 1


class Budget:
    """Bytes of requests that may be held at once."""

    def __init__(self, limit: int) -> None:
        """Start with nothing held."""
        self._limit = limit
        self.held = 0

    def take(self, count: int) -> None:
        """Hold some more; raise `Refusal` 503 where there is no room."""
        if self.held + count > self._limit:
            raise busy("Too many uploads at once. Try again in a moment.", status=503, seconds=2)
        self.held += count

    def give(self, count: int) -> None:
        """Let go of what was taken."""
        self.held -= count
