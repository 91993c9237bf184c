"""What is said about a class: read from `texts/<language>/classes.toml`, found by its label."""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from canting.service.pages.words import read

GENERAL = "general"
"""Kind of a model whose classes are not all of one known kind."""


class ClassText(NamedTuple):
    """Texts about a class; a field that its kind has no text for is empty."""

    kind: str
    name: str
    short: str
    meaning: str
    origin: str = ""
    recognise: str = ""
    do: str = ""


def text(label: str, language: str) -> ClassText | None:
    """Return the text about a label, however it is spelt; an unknown one has none."""
    return _texts(language).get(key(label))


def name(label: str, language: str) -> str:
    """Return what a visitor calls a label."""
    found = text(label, language)
    return found.name if found else _spaced(label)


def kind(labels: Iterable[str]) -> str:
    """Return what all labels are: `batik`, `garbage`, or `general` where they are neither."""
    found = {about.kind if (about := text(label, "en")) else GENERAL for label in labels}
    return found.pop() if len(found) == 1 else GENERAL


def key(label: str) -> str:
    """Return a label without case, spaces, signs and the word batik."""
    plain = "".join(character for character in label.casefold() if character.isalnum())
    return plain.removeprefix("batik").removesuffix("batik") or plain


def _spaced(label: str) -> str:
    words = label.replace("_", " ").replace("-", " ").strip() or label
    return words[:1].upper() + words[1:]


@cache
def _texts(language: str) -> dict[str, ClassText]:
    found: dict[str, ClassText] = {}
    for label, entry in read(language, "classes").items():
        spellings = [label, *entry.pop("aliases", [])]
        found |= dict.fromkeys(map(key, spellings), ClassText(**entry))
    return found
