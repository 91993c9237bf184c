"""The scenario keys as factors: which vary, how their levels and the scenarios are called."""

from typing import Any

import pandas as pd

from canting.config.columns import SCENARIO
from canting.config.scenario import Scenario
from canting.core.frames import records

FACTORS = tuple(Scenario.model_fields)
"""Columns of a table of scenarios that are factors."""

PHRASES = {
    "fine_tune_from": "from {}",
    "dropout": "dropout {}",
    "learning_rate": "rate {}",
    "batch_size": "batch {}",
    "epochs": "{} epochs",
}
"""How a level is said inside a scenario's name; other factors are named by their level alone."""


def level(value: Any) -> str:
    """Return the name of a level; an empty one is called none."""
    if value is None or value == "" or value != value:
        return "none"
    return value if isinstance(value, str) else f"{value:g}"


def levels(scenarios: pd.DataFrame) -> dict[str, list[str]]:
    """Return the levels, in the order they come, of every factor that has more than one.

    Where each backbone has a cut of its own, the cut is no factor beside it.
    """
    found = {name: list(dict.fromkeys(map(level, scenarios[name]))) for name in FACTORS}
    if len(found["backbone"]) > 1 and _is_by_backbone(scenarios):
        del found["fine_tune_from"]
    return {name: values for name, values in found.items() if len(values) > 1}


def _is_by_backbone(scenarios: pd.DataFrame) -> bool:
    """Return whether each backbone has one cut of its own, so that the two are one factor."""
    pairs = scenarios[["backbone", "fine_tune_from"]].drop_duplicates()
    return bool(pairs["backbone"].is_unique)


def short_names(scenarios: pd.DataFrame) -> dict[str, str]:
    """Return for each scenario a name of the factors that vary; where none does, of all."""
    shown = tuple(levels(scenarios)) or FACTORS
    rows = records(scenarios)
    return {str(row[SCENARIO]): _name(row, shown) for row in rows}


def full_names(scenarios: pd.DataFrame) -> dict[str, str]:
    """Return for each scenario a name of all its factors."""
    return {str(row[SCENARIO]): _name(row, FACTORS) for row in records(scenarios)}


def _name(row: dict[Any, Any], shown: tuple[str, ...]) -> str:
    parts = [(key, level(row[key])) for key in shown]
    only_one = len(shown) == 1
    said = [
        PHRASES.get(key, "{}").format(value)
        for key, value in parts
        if only_one or (key, value) != ("fine_tune_from", "none")
    ]
    return " · ".join(said)
