"""Errors of the history."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

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


ADVICE: dict[Code, str] = {
    "locked": "Another program holds it for too long; try again, or end that program.",
    "full": "The disk is full. Free space, or lower `CANTING_HISTORY_MAX_BYTES`.",
    "read_only": "It is read-only. Allow the service to write it.",
    "unreachable": "It cannot be reached. Check the URL, and that the server runs.",
    "damaged": "It is damaged. Move it away and restore a backup.",
    "schema": "Its tables are of another version.",
    "unusable": "Fix the cause and try again.",
}

# https://www.sqlite.org/rescode.html
_SQLITE: dict[str, Code] = {
    "SQLITE_BUSY": "locked",
    "SQLITE_LOCKED": "locked",
    "SQLITE_FULL": "full",
    "SQLITE_READONLY": "read_only",
    "SQLITE_PERM": "read_only",
    "SQLITE_CANTOPEN": "unreachable",
    "SQLITE_CORRUPT": "damaged",
    "SQLITE_NOTADB": "damaged",
}

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: dict[str, Code] = {
    "55P03": "locked",
    "57014": "locked",
    "40P01": "locked",
    "53100": "full",
    "25006": "read_only",
    "42501": "read_only",
    "XX001": "damaged",
    "XX002": "damaged",
}

_SYSTEM: dict[int, Code] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read_only",
    errno.EACCES: "read_only",
    errno.EPERM: "read_only",
}


@contextmanager
def as_history_errors(what: str) -> Iterator[None]:
    """Turn an error of a database into a `HistoryError` that names `what` was used."""
    try:
        yield
    except SQLAlchemyError as error:
        raise failure(what, error) from error


def failure(what: str, error: Exception) -> HistoryError:
    """Return the `HistoryError` for an error of a database or a file system."""
    code = _code(error)
    cause = error.orig if isinstance(error, DBAPIError) else error
    return HistoryError(code, f"`{what}` cannot be used ({_line(cause)}). {ADVICE[code]}")


def _code(error: Exception) -> Code:
    if isinstance(error, PoolTimeout):
        return "locked"
    if isinstance(error, OSError):
        return _SYSTEM.get(error.errno or 0, "unusable")
    if not isinstance(error, DBAPIError):
        return "unusable"
    if name := getattr(error.orig, "sqlite_errorname", None):
        return _SQLITE.get("_".join(name.split("_")[:2]), "unusable")
    if state := getattr(error.orig, "sqlstate", None):
        return _of_postgresql(error, state)
    return "unreachable" if isinstance(error, OperationalError) else "unusable"


def _of_postgresql(error: DBAPIError, state: str) -> Code:
    if error.connection_invalidated or state[:2] in ("08", "57", "28", "3D"):
        return _POSTGRESQL.get(state, "unreachable")
    return _POSTGRESQL.get(state, "unusable")


def _line(cause: BaseException | None) -> str:
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return lines[0]
