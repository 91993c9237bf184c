"""The page of all keys of `params.yaml`: values and comments from the file, types from the code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from ruamel.yaml import YAML

from canting.config.params import Params
from docs.reference import kinds
from docs.reference.table import code, table

LINE = re.compile(r"^(?P<indent> *)(?P<key>\w+):[^#]*(?:#\s*(?P<words>.*))?$")
COLUMNS = ("key", "value", "may be", "meaning")


class Key(NamedTuple):
    """One key: its path, the value in the file, what it may be, what it means."""

    path: tuple[str, ...]
    value: Any
    kind: str
    meaning: str


def page(path: Path) -> str:
    """Return the tables of all keys as Markdown."""
    text = path.read_text(encoding="utf-8")
    values, meanings = YAML(typ="safe", pure=True).load(text), comments(text)
    found = list(_keys(Params, values, meanings, ()))
    top = [key for key in found if len(key.path) == 1]
    parts = [_table("Scenarios and folds", "", top)]
    for name in dict.fromkeys(key.path[0] for key in found if len(key.path) > 1):
        ours = [key for key in found if key.path[0] == name and len(key.path) > 1]
        parts.append(_table(f"`{name}`", meanings.get((name,), ""), ours))
    return "\n\n".join(parts)


def comments(text: str) -> dict[tuple[str, ...], str]:
    """Return the comment that stands behind each key of a YAML file."""
    found: dict[tuple[str, ...], str] = {}
    path: list[str] = []
    for line in text.splitlines():
        if match := LINE.match(line):
            path = [*path[: len(match["indent"]) // 2], match["key"]]
            found[tuple(path)] = match["words"] or ""
    return found


def _keys(
    model: type[BaseModel], values: Any, meanings: dict[tuple[str, ...], str], path: tuple[str, ...]
) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        here = (*path, field.alias or name)
        value = (values or {}).get(here[-1])
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _keys(kind, value, meanings, here)
        else:
            yield Key(here, value, kinds.of_field(field), meanings.get(here, ""))


def _table(title: str, words: str, keys: list[Key]) -> str:
    rows = [
        (code(".".join(key.path[1:]) or key.path[0]), code(_flow(key.value)), key.kind, key.meaning)
        for key in keys
    ]
    start = f"## {title}\n\n" + (f"{words[0].upper()}{words[1:]}.\n\n" if words else "")
    return start + table(COLUMNS, rows)


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(part)}' for key, part in value.items())}}}"
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
