"""The words of the pages, read from `texts/<language>/ui.toml`."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


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

    def first(self, *keys: str) -> str:
        """Return the words of the first key that there is, else of the last one."""
        return self(next((key for key in keys if key in self), keys[-1]))

    def __contains__(self, key: str) -> bool:
        return key in self._words


@cache
def words(language: str) -> Words:
    """Return the words of a language."""
    return Words(language)


def read(language: str, name: str) -> dict[str, Any]:
    """Return a data file of the texts."""
    path = files("canting.service") / "texts" / language / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return a nested table as dotted keys."""
    found: dict[str, str] = {}
    for key, value in table.items():
        inner = flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        found |= inner
    return found
