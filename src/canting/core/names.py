"""Names of files and labels that come from outside: in one form, fit or not, litter or not."""

import unicodedata

LITTER = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
"""What operating systems leave behind, beside hidden files such as `.DS_Store`."""

UNFIT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories: control characters, surrogates (bytes that are no UTF-8), line breaks."""


def ignored(name: str) -> bool:
    """Say whether a file or folder is hidden or litter."""
    return name.startswith(".") or name.casefold() in LITTER


def composed(name: str) -> str:
    """Return a name in Unicode normal form C, as every written name is."""
    return unicodedata.normalize("NFC", name)


def is_unfit(name: str) -> bool:
    """Say whether a name has line breaks, control characters or bytes that are no UTF-8."""
    return any(unicodedata.category(character) in UNFIT for character in name)
