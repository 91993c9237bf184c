"""Emphasis marks in our own texts."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from canting.config.languages import DEFAULT

STARRED = re.compile(r"\*([^*]+)\*")


def emphasis(text: str) -> Markup:
    """Return escaped text in which `*words*` are set apart."""
    return Markup(STARRED.sub(r"<em>\1</em>", str(escape(text))))


class Words:
    """The words of one language; an unknown key raises `KeyError`."""

    def __init__(self, language: str) -> None:
        """Read them."""
        self.language = language
        self._words = flat(read(language, "ui"))

    def __call__(self, key: str, **values: object) -> str:
        """Return the words of a dotted key, its `{names}` filled in."""
        return self._words[key].format_map(values)

    def counted(self, key: str, number: int, shown: str = "") -> str:
        """Return the words of `key_one` or `key_other`, with the number as `{count}`."""
        form = "one" if number == 1 else "other"
        return self(f"{key}_{form}", count=shown or number)

    def first(self, *keys: str, **values: object) -> str:
        """Return the words of the first key that there is, else of the last one."""
        return self(next((key for key in keys if key in self), keys[-1]), **values)

    def __contains__(self, key: str) -> bool:
        return key in self._words


@cache
def words(language: str) -> Words:
    """Return the words of a language."""
    return Words(language)


def read(language: str, name: str) -> dict[str, Any]:
    """Return a data file of the texts."""
    path = files("canting.serving.service") / "texts" / language / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return a nested table as dotted keys."""
    found: dict[str, str] = {}
    for key, value in table.items():
        inner = flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        found |= inner
    return found


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
    found = {about.kind if (about := text(label, DEFAULT)) else GENERAL for label in labels}
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
