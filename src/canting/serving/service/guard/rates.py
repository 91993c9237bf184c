"""Pictures and requests a client may send: a token bucket for each address."""

import math
from collections import OrderedDict
from ipaddress import IPv6Address, ip_network
from time import monotonic

from canting.serving.service.errors import busy
from canting.serving.service.guard.proxies import Address

REQUEST = 0.1
"""What a request costs, in pictures."""

BURST_SECONDS = 20.0
"""Of the rate, that may be taken at once by who has asked nothing before."""

CLIENTS = 10_000
"""Addresses that are remembered."""


class Rates:
    """One bucket a client; the network of an IPv6 address counts as one client."""

    def __init__(self, pictures_per_minute: int | None) -> None:
        """Start with full buckets; `None`: no limit."""
        self._per_second = (pictures_per_minute or math.inf) / 60
        self._most = self._per_second * BURST_SECONDS
        self._left: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def take(self, client: Address | None, count: float) -> None:
        """Take from the bucket of a client; raise `Refusal` 429 where it is empty.

        More than a bucket holds may be taken from a full one, and is owed.
        """
        if client is None or client.is_loopback or math.isinf(self._most):
            return
        name, now = _network(client), monotonic()
        left, before = self._left.pop(name, (self._most, now))
        left = min(self._most, left + (now - before) * self._per_second)
        enough = left >= min(count, self._most)
        self._left[name] = (left - count if enough else left, now)
        if len(self._left) > CLIENTS:
            self._left.popitem(last=False)
        if not enough:
            missing = min(count, self._most) - left
            seconds = math.ceil(missing / self._per_second)
            raise busy("You have sent too much. Try again later.", seconds=seconds)


def _network(client: Address) -> object:
    return ip_network((client, 64), strict=False) if isinstance(client, IPv6Address) else client
