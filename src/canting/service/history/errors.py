"""What can go wrong with a history."""

from typing import Literal

from canting.core.errors import CantingError

Code = Literal["locked", "full", "read_only", "unreachable", "damaged", "schema", "unusable"]


class HistoryError(CantingError):
    """A store that cannot be read or written; `code` says in which way."""

    def __init__(self, code: Code, message: str) -> None:
        """Keep the code for programs beside the message for people."""
        super().__init__(message)
        self.code = code


class UnknownEntry(CantingError):  # noqa: N818
    """No entry has this identifier, or its picture is not kept."""


class InvalidValue(CantingError):  # noqa: N818
    """A page, a filter, a label or a figure that no entry can have."""
