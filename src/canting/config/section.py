"""The base class of all sections of `params.yaml`, and the kinds of value that they share."""

from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Value = TypeVar("Value")


def as_tuple(value: Any) -> Any:
    """Return a list as a tuple, anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


def one_or_many(value: Any) -> Any:
    """Return a list as a tuple, anything else as a tuple of one."""
    return as_tuple(value) if isinstance(value, list | tuple) else (value,)


def known(names: Collection[str]) -> BeforeValidator:
    """Return a validator that accepts only some names; the JSON schema lists them too."""
    return BeforeValidator(partial(_check, names), json_schema_input_type=Literal[tuple(names)])


def _check(names: Collection[str], value: Any) -> Any:
    if isinstance(value, str) and value not in names:
        raise ValueError(f"one of {', '.join(names)}")
    return value


Many = Annotated[tuple[Value, ...], BeforeValidator(one_or_many), Field(min_length=1)]
Listed = Annotated[tuple[Value, ...], BeforeValidator(as_tuple)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Pixels = Annotated[int, Field(ge=1, le=100_000)]
Luma = Annotated[float, Field(ge=0, le=255)]
Words = Annotated[str, Field(min_length=1)]


class ParamsSection(BaseModel):
    """A frozen part of the parameters: strict types, no unknown keys, no NaN."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
