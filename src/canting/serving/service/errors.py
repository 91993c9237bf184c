"""Refusals: errors that a client gets in place of an answer."""

from collections.abc import Mapping


class Refusal(Exception):  # noqa: N818 - an answer, and no fault of ours
    """An answer with a status, a code for programs and a message for people."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Keep what the answer is made of; the message shows no path and no traceback."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def busy(message: str, *, status: int = 429, seconds: int = 1) -> Refusal:
    """Return the refusal of a server that has no room now, and says when to come again."""
    return Refusal(status, "busy", message, {"Retry-After": str(seconds)})
