"""The few requests to GitHub's REST API, with the standard library alone.

The job that may write runs this without installing anything.
"""

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

from canting.core.errors import CantingError

PATIENCE = 30.0
"""Seconds."""

LARGEST_ANSWER = 32 * 2**20
"""Bytes of an answer in JSON."""

PAGE = 100
"""Most entries of one answer."""


class GitHub:
    """A repository on GitHub."""

    def __init__(self, api: str, repository: str, token: str) -> None:
        """Take the address of the API, `owner/name`, and a token that is never printed."""
        self._start = f"{api}/repos/{repository}"
        self._token = token

    def get(self, path: str, **query: str | int) -> Any:
        """Return what is found at a path below the repository."""
        return json.loads(self._ask("GET", f"{path}?{urlencode(query)}", None, LARGEST_ANSWER))

    def pages(self, path: str, key: str | None = None, **query: str | int) -> list[Any]:
        """Return all entries of a list that comes in pages, each under a key or by itself."""
        found: list[Any] = []
        while True:
            answer = self.get(path, **query, per_page=PAGE, page=len(found) // PAGE + 1)
            page = answer[key] if key else answer
            found += page
            if len(page) < PAGE:
                return found

    def send(self, method: str, path: str, content: dict[str, object]) -> Any:
        """Create or change something and return it."""
        return json.loads(self._ask(method, path, json.dumps(content).encode(), LARGEST_ANSWER))

    def download(self, path: str, most: int) -> bytes:
        """Return a file of at most so many bytes; another host is never shown the token."""
        return self._ask("GET", path, None, most)

    def _ask(self, method: str, path: str, content: bytes | None, most: int) -> bytes:
        request = urllib.request.Request(f"{self._start}/{path}", content, method=method)  # noqa: S310
        request.add_header("Accept", "application/vnd.github+json")
        request.add_header("X-GitHub-Api-Version", "2022-11-28")
        request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                found: bytes = answer.read(most + 1)
        except (OSError, urllib.error.HTTPError) as error:
            raise CantingError(f"GitHub: {method} {path.partition('?')[0]}: {error}") from None
        if len(found) > most:
            raise CantingError(f"GitHub: {path.partition('?')[0]}: more than {most:,} bytes")
        return found
