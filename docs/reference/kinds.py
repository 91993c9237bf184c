"""Describe allowed values in words, from the type that checks them."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types as at
from pydantic import BaseModel, BeforeValidator, SecretStr
from pydantic.fields import FieldInfo

from canting.config.section import one_or_many

SIMPLE = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    SecretStr: "text",
    Path: "path",
}


def of_field(field: FieldInfo) -> str:
    """Return what the value of a field may be."""
    return words(field.annotation, field.metadata)


def words(kind: Any, metadata: Iterable[Any] = ()) -> str:
    """Return what a value of a type may be; `metadata` is what `Annotated` holds beside it."""
    marks = list(_flat(metadata))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return words(arguments[0], [*arguments[1:], *marks])
    if names := _names(marks):
        return f"one of {names}"
    if origin is Literal:
        return f"one of {', '.join(f'`{value}`' for value in arguments)}"
    if origin in (Union, UnionType):
        return "; or ".join(map(_part, sorted(arguments, key=lambda part: part is NoneType)))
    if origin is tuple:
        return _many(arguments, marks)
    if origin is dict:
        return "mapping of text to text"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"{{{', '.join(kind.model_fields)}}}"
    return SIMPLE.get(kind, getattr(kind, "__name__", str(kind)).lower()) + _limits(marks)


def _part(kind: Any) -> str:
    return "empty" if kind is NoneType else words(kind)


def _flat(metadata: Iterable[Any]) -> Iterable[Any]:
    """Yield marks, those that pydantic's `Field` holds among them."""
    for mark in metadata:
        if isinstance(mark, FieldInfo):
            yield from _flat(mark.metadata)
        else:
            yield mark


def _names(marks: list[Any]) -> str:
    for mark in marks:
        if isinstance(mark, BeforeValidator) and isinstance(mark.func, partial):
            return ", ".join(f"`{name}`" for name in mark.func.args[0])
    return ""


def _many(arguments: tuple[Any, ...], marks: list[Any]) -> str:
    if arguments[-1] is not Ellipsis:
        return f"list of {len(arguments)}: {', '.join(words(part) for part in arguments)}"
    one = words(arguments[0])
    functions = [mark.func for mark in marks if isinstance(mark, BeforeValidator)]
    return f"{one}; or a list" if one_or_many in functions else f"list; each {one}"


def _limits(marks: list[Any]) -> str:
    limits = [
        (at.Ge, "ge", "at least"),
        (at.Gt, "gt", "above"),
        (at.Le, "le", "at most"),
        (at.Lt, "lt", "below"),
    ]
    found = [
        f"{said} {_number(getattr(mark, name))}"
        for mark in marks
        for kind, name, said in limits
        if isinstance(mark, kind)
    ]
    return f", {', '.join(found)}" if found else ""


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
