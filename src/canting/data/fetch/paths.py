"""Rules for paths: which are pictures, and which names are valid labels and files."""

from collections.abc import Callable, Collection
from pathlib import PurePosixPath

from canting.config.formats import recognised
from canting.core.errors import CantingError
from canting.core.names import composed, ignored, is_unfit

HIDDEN = "hidden, or left behind by an operating system"
"""Why such a file or folder is not read."""


def unread(name: str, start: Callable[[], bytes]) -> str:
    """Return why a file is not read, or nothing for a picture, which `validate` judges.

    `start` returns the first `formats.LEAST_START` bytes; a file that is called a picture is one.
    """
    if ignored(name):
        return HIDDEN
    found = recognised(b"", name)
    if found is None or not found.pipeline:
        found = recognised(start(), name)
    if found is None:
        return f"no picture ({PurePosixPath(name).suffix.lower() or 'no suffix'})"
    return "" if found.pipeline else f"{found.name}, which is not read"


def key(name: str) -> str:
    """Return what two names share that some file system cannot hold side by side."""
    return composed(composed(name).casefold())


def check_name(name: str, where: str) -> None:
    """Raise `CantingError` for a name with line breaks, control characters or backslashes."""
    if "\\" in name or is_unfit(name):
        raise CantingError(
            f"{where} must be named without line breaks, control characters and backslashes, "
            f"in UTF-8. Received: {name!a}. Rename it."
        )


def free_path(path: str, taken: Collection[str]) -> str:
    """Return a path, numbered if need be, whose key is not among those that are taken."""
    whole = PurePosixPath(composed(path))
    candidate, number = whole, 1
    while key(str(candidate)) in taken:
        number += 1
        candidate = whole.with_name(f"{whole.stem}-{number}{whole.suffix}")
    return str(candidate)
