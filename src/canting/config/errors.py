"""Messages for errors in `params.yaml`."""

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from pydantic import ValidationError

from canting.core.errors import CantingError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "model_type": "a mapping of the keys of this section",
    "string_type": "text",
    "tuple_type": "a list",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "literal_error": "one of {expected}",
    "string_pattern_mismatch": "text that matches {pattern}",
    "finite_number": "a finite number",
    "too_short": "at least one value",
}
"""What was expected, by pydantic's error type."""


class ParamsError(CantingError):
    """Names each key of a parameter file that is wrong, what was expected and what was received."""

    def __init__(self, path: Path, error: ValidationError) -> None:
        """Word one line for each wrong key."""
        lines = dict.fromkeys(_line(detail) for detail in error.errors())
        super().__init__("\n  ".join([f"`{path}` cannot be used. Nothing was run.", *lines]))


def _line(detail: "ErrorDetails") -> str:
    key = ".".join(filter(_is_key, detail["loc"])) or "the file"
    if detail["type"] == "missing":
        return f"`{key}`: this key is missing. Add it; `make docs` lists all keys."
    if detail["type"] == "extra_forbidden":
        return f"`{key}`: no such key. Received: {detail['input']!r}. Remove or rename it."
    received = detail["input"]
    return f"`{key}`: expected {_expected(detail)}. Received: {received!r}.{_advice(detail)}"


def _is_key(part: int | str) -> TypeGuard[str]:
    """Distinguish keys from places in a list and from `(kinds)` of values."""
    return isinstance(part, str) and not part.startswith("(")


def _expected(detail: "ErrorDetails") -> str:
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    template = EXPECTED.get(detail["type"], detail["msg"])
    return template.format(**detail.get("ctx", {}))


def _advice(detail: "ErrorDetails") -> str:
    received: Any = detail["input"]
    if isinstance(received, str) and detail["type"] in ("float_type", "int_type"):
        return " It is text: write the number without quotes." if _is_number(received) else ""
    if isinstance(received, str) and "one of " in _expected(detail):
        names = _expected(detail).removeprefix("one of ").replace("'", "").replace(" or ", ", ")
        close = get_close_matches(received, names.split(", "), n=1)
        return f" Did you mean {close[0]!r}?" if close else ""
    return ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
