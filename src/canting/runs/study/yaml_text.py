"""Values set in the text of a YAML file, every comment outside of them kept."""

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark
from ruamel.yaml.tokens import CommentToken

BEHIND = 2
"""Where ruamel.yaml keeps the comment behind the value of a key."""


def merged(text: str, changes: Mapping[str, Any]) -> str:
    """Return the text with some values changed; a key of a section is written `section.key`."""
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 10_000
    content = yaml.load(text)
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        if section and not isinstance(content.get(section), dict):
            content[section] = CommentedMap()
        _set(content[section] if section else content, name, value)
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()


def _set(place: CommentedMap, key: str, value: Any) -> None:
    old = place.get(key)
    place[key] = _in_a_line(value)
    if isinstance(old, CommentedSeq | CommentedMap) and not old.fa.flow_style():
        _take_over(place, key, old)


def _take_over(place: CommentedMap, key: str, old: CommentedSeq | CommentedMap) -> None:
    """Give a key the comment of its own line and what stood below the block that was its value.

    ruamel.yaml hangs all up to the next key on the last item of a block.
    """
    own = (place.ca.items.get(key) or [None] * 3)[BEHIND]
    last = next(reversed(old), None) if isinstance(old, CommentedMap) else len(old) - 1
    below = next((token for token in old.ca.items.get(last) or () if token), None)
    first = own.value.partition("\n")[0] if own else ""
    text = f"{first}\n{below.value.partition(chr(10))[2] if below else ''}"
    mark = CommentMark(own.start_mark.column if own else 0)
    place.ca.items[key] = [None, None, CommentToken(text, mark, None), None]


def _in_a_line(value: Any) -> Any:
    if not isinstance(value, list | dict):
        return value
    inner = CommentedSeq(value) if isinstance(value, list) else CommentedMap(value)
    inner.fa.set_flow_style()
    return inner
