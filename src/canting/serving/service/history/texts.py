"""Sanitise and check texts from outside before they are stored."""

import re
import unicodedata

from canting.serving.service.history.errors import InvalidValue

LONGEST_NAME = 120
LONGEST_LABEL = 100
FOLDER_BYTES = 255
"""Bytes of the name of a folder, at most, on every usual file system."""

_ENDING = 20


def name(text: str) -> str:
    """Return a file name to show: no folders, no control or direction marks, not too long.

    A leading dot, dash or sign that a spreadsheet takes for a formula is dropped.
    """
    last = re.split(r"[/\\]", text)[-1][-5000:]
    whole = unicodedata.normalize("NFC", last.encode("utf-8", "replace").decode())
    seen = "".join(letter for letter in whole if letter.isprintable())
    return _short(seen.strip().lstrip(".-+=@ ")) or "picture"


def label(text: str) -> str:
    """Return a label that can name a folder, or raise `InvalidValue`."""
    whole = unicodedata.normalize("NFC", text.strip()) if text.isprintable() else ""
    fits = 0 < len(whole) <= LONGEST_LABEL and len(whole.encode()) <= FOLDER_BYTES
    if not fits or whole[0] == "." or re.search(r"[/\\]", whole):
        raise InvalidValue(
            f"`label`: expected 1 to {LONGEST_LABEL} printable characters, at most {FOLDER_BYTES} "
            f"bytes, without slashes, not beginning with a dot. Received: "
            f"{text[:LONGEST_LABEL]!a}. Give another label."
        )
    return whole


def is_storable(text: str) -> bool:
    """Return whether every database takes the text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and text.encode("utf-8", "replace").decode() == text


def _short(text: str) -> str:
    if len(text) <= LONGEST_NAME:
        return text
    return f"{text[: LONGEST_NAME - _ENDING - 1]}…{text[-_ENDING:]}"
