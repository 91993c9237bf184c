"""What a study changes in `params.yaml`, checked as a whole before anything is written."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from canting.config.params import Params, parse
from canting.core.errors import CantingError

Changes = dict[str, object]
"""Values by key; a key of a section is written `section.key`."""


def read(path: Path) -> Changes:
    """Read a study file; raise `CantingError` where it is no mapping of keys of `params.yaml`."""
    try:
        content = _parsed(path.read_text(encoding="utf-8"), f"`{path}`")
    except (OSError, UnicodeDecodeError) as error:
        raise CantingError(
            f"`{path}`: expected a study file. Received: {error}. `canting study` lists them."
        ) from None
    if not (isinstance(content, dict) and content):
        raise CantingError(
            f"`{path}`: expected keys of `params.yaml` with their values. Received: {content!r}. "
            "Write those that the study changes."
        )
    return flat(content)


def assigned(texts: Iterable[str]) -> Changes:
    """Read `key=value` of the command line, values in YAML."""
    content: Changes = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise CantingError(
                f"`-S`: expected key=value, such as optimizer=nadam. Received: {text!r}."
            )
        content[key.strip()] = _parsed(value, f"`-S {text}`")
    return flat(content)


def flat(content: dict[str, object]) -> Changes:
    """Return every key with its section; what lies below a key of a section is its value."""
    changes: Changes = {}
    for key, value in content.items():
        inner = value if isinstance(value, dict) and "." not in str(key) else {}
        changes |= {f"{key}.{name}": below for name, below in inner.items()} or {str(key): value}
    return changes


def check(text: str, study: Path) -> Params:
    """Return the parameters of a text; a `ParamsError` names the study that it comes from."""
    return parse(_parsed(text, f"`{study}`"), study)


def _parsed(text: str, name: str) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise CantingError(f"{name} is not YAML: {' '.join(str(error).split())}") from None
