"""Limits of what an archive may unpack to."""

from dataclasses import dataclass

from canting.core.errors import CantingError

SMALL = 2**20
"""Bytes that may come out of any archive: a few flat drawings pack better than `Limits.ratio`."""


@dataclass(frozen=True)
class UnpackLimits:
    """Limits that no genuine collection of pictures exceeds.

    `bytes`: ImageNet, the largest set that is commonly unpacked on one machine, has 155 GB.
    `ratio`: pictures are packed already and gain a few per cent; raw bitmaps shrink some tenfold,
    while DEFLATE reaches 1032 on zeros (https://zlib.net/zlib_tech.html).
    `entries`: ImageNet has 1.4 million; each costs memory before the first byte is read.
    """

    bytes: int = 256 * 2**30
    ratio: float = 100.0
    entries: int = 2_000_000


class Meter:
    """Counts what an archive of `packed` bytes unpacks to, and refuses what exceeds the limits."""

    def __init__(self, name: str, packed: int, limits: UnpackLimits) -> None:
        """Start at nothing."""
        self.name = name
        self.most_bytes = min(limits.bytes, max(int(limits.ratio * packed), SMALL))
        self.most_entries = limits.entries
        self.bytes = 0
        self.entries = 0

    def add(self, size: int) -> None:
        """Count one entry and its declared bytes."""
        self.entries += 1
        self.bytes += size
        if self.entries > self.most_entries:
            raise self._refusal(f"{self.most_entries:,} entries")
        self.reach(self.bytes)

    def reach(self, position: int) -> None:
        """Refuse to unpack up to a position, in bytes, beyond the limit."""
        if position > self.most_bytes:
            raise self._refusal(f"{self.most_bytes:,} bytes")

    def _refusal(self, what: str) -> CantingError:
        return CantingError(
            f"`{self.name}` unpacks to more than {what}, as an archive bomb does. "
            "If you trust it, unpack it yourself and name the folder in `fetch.source`."
        )
