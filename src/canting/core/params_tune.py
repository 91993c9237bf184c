"""The section `tune` of `params.yaml`."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from canting.core.names import METHODS, OPTIMIZERS
from canting.core.section import Count, Many, Section, known
from canting.core.space import Space

Folds = Annotated[int, Field(ge=2)]


class Tune(Section):
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
        return tuple(name for name in dict.fromkeys(self.method) if name != "none")

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
        if "grid" in told["method"] and space.size * one > budget:
            sizes = " × ".join(map(str, space.sizes))
            raise ValueError(
                f"at least {space.size * one} {unit}, for a grid of {sizes} = {space.size} settings"
            )
        return budget
