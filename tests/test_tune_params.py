"""The section `tune` of `params.yaml`: grids by hand, and words for what it must not hold."""

from pathlib import Path
from typing import Any

import pytest

from canting.config.params import load
from canting.config.tune import Space
from tests.test_params import edited, refused

SPACE = {
    "learning_rate": {"low": 1e-4, "high": 1e-1, "steps": 4},
    "batch_size": [16, 32],
    "dropout": {"low": 0.0, "high": 0.5, "steps": 3},
}
GRID = {"tune__method": "grid", "tune__space": SPACE, "tune__epochs": 5}


def test_a_grid_by_hand() -> None:
    space = Space.model_validate(SPACE)
    assert (space.sizes, space.size) == ([4, 2, 3], 24)
    grid = space.grid()
    assert grid[0] == {"learning_rate": 1e-4, "batch_size": 16, "dropout": 0.0}
    assert grid[-1] == {"learning_rate": 0.1, "batch_size": 32, "dropout": 0.5}
    assert len({tuple(setting.values()) for setting in grid}) == 24
    assert sorted({setting["learning_rate"] for setting in grid}) == [1e-4, 1e-3, 1e-2, 1e-1]
    assert sorted({setting["dropout"] for setting in grid}) == [0.0, 0.25, 0.5]


def test_methods_and_optimizers_are_one_or_many(tmp_path: Path) -> None:
    path = edited(tmp_path, tune__method=["random", "hyperband", "random"], tune__optimizer="lion")
    tune = load(path).tune
    assert (tune.methods, tune.optimizers) == (("random", "hyperband"), ("lion",))
    assert load(edited(tmp_path, tune__method="none")).tune.methods == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tune__method": "bayes"}, ["`tune.method`", "bayesian", "Did you mean 'bayesian'"]),
        ({"tune__method": ["none", "grid"]}, ["`tune.method`", "`none` alone"]),
        ({"tune__optimizer": ["adam", "nadm"]}, ["`tune.optimizer`", "'nadm'", "'nadam'"]),
        ({"tune__space": {}}, ["`tune.space`", "at least one of", "learning_rate"]),
        ({"tune__space": {"momentum": [0.9]}}, ["`tune.space.momentum`", "no such key"]),
        (
            {"tune__space": {"dropout": {"low": 0.5, "high": 0.1, "steps": 2}}},
            ["`tune.space.dropout`", "`low` is below its `high`", "0.5"],
        ),
        (
            {"tune__space": {"dropout": {"low": 0.1, "high": 0.1, "steps": 2}}},
            ["`tune.space.dropout`", "`low` is below its `high`"],
        ),
        ({"tune__space": {"dropout": []}}, ["`tune.space.dropout`", "at least one value"]),
        ({"tune__space": {"dropout": [0.2, 1.0]}}, ["`tune.space.dropout`", "below 1"]),
        ({"tune__space": {"batch_size": [0]}}, ["`tune.space.batch_size`", "at least 1"]),
        (
            {"tune__space": {"learning_rate": {"low": 0.0, "high": 0.1, "steps": 2}}},
            ["`tune.space.learning_rate`", "numbers above 0"],
        ),
        (
            {"tune__space": {"learning_rate": {"low": 1e-3, "high": 0.1}}},
            ["`tune.space.learning_rate.steps`", "missing"],
        ),
        ({"tune__budget": 0}, ["`tune.budget`", "above 0"]),
        ({"tune__budget": 2.5}, ["`tune.budget`", "whole number of trials", "2.5"]),
        ({"tune__budget_unit": "hours"}, ["`tune.budget_unit`", "'trials'", "hours"]),
        (
            {"tune__budget_unit": "epochs", "tune__budget": 7, "tune__epochs": 8},
            ["`tune.budget`", "at least the 8 epochs of one trial", "7"],
        ),
        ({**GRID, "tune__budget": 23}, ["at least 24 trials", "4 × 2 × 3 = 24 settings", "23"]),
        (
            {**GRID, "tune__budget_unit": "epochs", "tune__budget": 119},
            ["`tune.budget`", "at least 120 epochs", "24 settings", "119"],
        ),
        (
            {"tune__space": {"fine_tune_from": [None, "block15_expand_conv"]}},
            ["`tune.space.fine_tune_from`", "[None]", "block15_expand_conv", "Add them there"],
        ),
        ({"tune__outer_folds": 1}, ["`tune.outer_folds`", "at least 2"]),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, changes: dict[str, Any], words: list[str]) -> None:
    message = refused(tmp_path, **changes)
    assert all(word in message for word in words), message
    assert "Nothing was run" in message


def test_a_budget_that_fits_is_taken(tmp_path: Path) -> None:
    tune = load(edited(tmp_path, **GRID, tune__budget_unit="epochs", tune__budget=120)).tune
    assert (tune.budget, tune.budget_unit) == (120, "epochs")
    assert load(edited(tmp_path, **GRID, tune__budget_unit="seconds", tune__budget=1.5))
