"""A time-out for a client that has none."""

from typing import Any

import requests
from requests.adapters import HTTPAdapter


class TimeOut(HTTPAdapter):
    """Gives requests without a time-out one, in seconds without a byte.

    Kaggle's client sets none and waits for ever on a silent server.
    """

    def __init__(self, silence: float) -> None:
        """Keep the time-out."""
        super().__init__()
        self.silence = silence

    def send(
        self, request: requests.PreparedRequest, *args: Any, **options: Any
    ) -> requests.Response:
        """Send a request that gives up on a silent server."""
        options["timeout"] = options.get("timeout") or self.silence
        return super().send(request, *args, **options)
