"""The section `tune` of `params.yaml`: methods, folds, and the search space."""

from collections.abc import Callable
from itertools import product
from math import prod
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from canting.config.catalog import METHODS, OPTIMIZERS
from canting.config.section import Count, Many, ParamsSection, known

LOG = ("learning_rate", "weight_decay")
"""Keys whose ranges are searched by their logarithm."""

Setting = dict[str, Any]
"""A value for each key that is searched."""


class Range(ParamsSection):
    """Any number from `low` to `high`; a grid takes `steps` of them, the ends included."""

    low: float
    high: float
    steps: Annotated[int, Field(ge=2)]

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if self.low >= self.high:
            raise ValueError("a range whose `low` is below its `high`")
        return self

    def values(self, log: bool) -> list[float]:
        """Return the values of a grid, evenly spaced, by their logarithm on request."""
        spaced = np.geomspace if log else np.linspace
        return [self.rounded(value) for value in spaced(self.low, self.high, self.steps)]

    def rounded(self, value: float) -> float:
        """Return a number with four significant digits, as it is trained with and written down."""
        return min(max(float(f"{value:.4g}"), self.low), self.high)


def _kind(value: Any) -> str:
    return "(range)" if isinstance(value, dict | Range) else "(list)"


def _numbers(axis: Range | tuple[float, ...]) -> tuple[float, ...]:
    return (axis.low, axis.high) if isinstance(axis, Range) else axis


def _all(holds: Callable[[float], bool], words: str) -> AfterValidator:
    def check(axis: Range | tuple[float, ...]) -> Range | tuple[float, ...]:
        if not all(map(holds, _numbers(axis))):
            raise ValueError(words)
        return axis

    return AfterValidator(check)


Axis = Annotated[
    Annotated[Range, Tag("(range)")] | Annotated[Many[float], Tag("(list)")], Discriminator(_kind)
]
"""One number, a list of numbers, or a range."""


class Space(ParamsSection):
    """The keys that are searched; a key that is not named keeps its value in `params.yaml`."""

    fine_tune_from: Many[str | None] | None = None
    learning_rate: Annotated[Axis, _all(lambda x: x > 0, "numbers above 0")] | None = None
    batch_size: Many[Count] | None = None
    dropout: Annotated[Axis, _all(lambda x: 0 <= x < 1, "numbers from 0 to below 1")] | None = None
    weight_decay: Annotated[Axis, _all(lambda x: x > 0, "numbers above 0")] | None = None
    augmentation: Annotated[Axis, _all(lambda x: 0 <= x <= 1, "numbers from 0 to 1")] | None = None

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if not self.axes():
            raise ValueError(f"at least one of {', '.join(Space.model_fields)}")
        return self

    def axes(self) -> dict[str, Range | tuple[Any, ...]]:
        """Return what is searched, by key."""
        axes = {key: getattr(self, key) for key in Space.model_fields}
        return {key: axis for key, axis in axes.items() if axis is not None}

    @property
    def sizes(self) -> list[int]:
        """How many values of each key a grid takes."""
        return [
            axis.steps if isinstance(axis, Range) else len(axis) for axis in self.axes().values()
        ]

    @property
    def size(self) -> int:
        """How many settings a grid has."""
        return prod(self.sizes)

    def grid(self) -> list[Setting]:
        """Return every setting of a grid."""
        axes = self.axes()
        values = [
            axis.values(key in LOG) if isinstance(axis, Range) else list(axis)
            for key, axis in axes.items()
        ]
        return [dict(zip(axes, chosen, strict=True)) for chosen in product(*values)]


Folds = Annotated[int, Field(ge=2)]


class Tune(ParamsSection):
    """What is searched, how, and for how much; methods are crossed with optimizers."""

    method: Many[Annotated[str, known(METHODS)]]
    optimizer: Many[Annotated[str, known(OPTIMIZERS)]]
    space: Space
    epochs: Count
    outer_folds: Folds
    inner_folds: Folds
    seeds: Count
    budget_unit: Literal["trials", "epochs", "seconds"]
    budget: Annotated[float, Field(gt=0)]

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods, each once; none where nothing is to be tuned."""
        return tuple(name for name in dict.fromkeys(self.method) if METHODS[name].sampler != "none")

    @property
    def optimizers(self) -> tuple[str, ...]:
        """The optimizers, each once."""
        return tuple(dict.fromkeys(self.optimizer))

    @field_validator("method")
    @classmethod
    def _none_is_alone(cls, method: tuple[str, ...]) -> tuple[str, ...]:
        if "none" in method and len(set(method)) > 1:
            raise ValueError("`none` alone, or methods without it")
        return method

    @field_validator("budget")
    @classmethod
    def _is_enough(cls, budget: float, info: ValidationInfo) -> float:
        told = info.data
        if not {"method", "space", "epochs", "budget_unit"} <= told.keys():
            return budget
        unit, space = told["budget_unit"], told["space"]
        if unit == "seconds":
            return budget
        if budget != int(budget):
            raise ValueError(f"a whole number of {unit}")
        one = told["epochs"] if unit == "epochs" else 1
        if budget < one:
            raise ValueError(f"at least the {one} epochs of one trial")
        is_grid = any(METHODS[name].sampler == "grid" for name in told["method"])
        if is_grid and space.size * one > budget:
            sizes = " × ".join(map(str, space.sizes))
            raise ValueError(
                f"at least {space.size * one} {unit}, for a grid of {sizes} = {space.size} settings"
            )
        return budget
