"""Rules for paths: which are pictures, and which names are valid labels and files."""

import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath

from canting.config.formats import recognised
from canting.core.errors import CantingError

LITTER = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
"""What operating systems leave behind, beside hidden files such as `.DS_Store`."""

HIDDEN = "hidden, or left behind by an operating system"
"""Why such a file or folder is not read."""

UNFIT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories: control characters, surrogates (bytes that are no UTF-8), line breaks."""


def ignored(name: str) -> bool:
    """Say whether a file or folder is hidden or litter."""
    return name.startswith(".") or name.casefold() in LITTER


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


def composed(name: str) -> str:
    """Return a name in Unicode normal form C, as every written name is."""
    return unicodedata.normalize("NFC", name)


def key(name: str) -> str:
    """Return what two names share that some file system cannot hold side by side."""
    return composed(composed(name).casefold())


def check_name(name: str, where: str) -> None:
    """Raise `CantingError` for a name with line breaks, control characters or backslashes."""
    if "\\" in name or any(unicodedata.category(character) in UNFIT for character in name):
        raise CantingError(
            f"{where} must be named without line breaks, control characters and backslashes, "
            f"in UTF-8. Received: {name!a}. Rename it."
        )
