"""What each factor does over the grid: main effects and contrasts, fold by fold.

In each fold the scores are fitted by least squares on the factors that vary, with sum-to-zero
coding: on a full grid an effect is the mean of a level less the mean of all; it stays fair where
scenarios are missing. Interactions are not modelled. The interval and test over the folds are the
corrected resampled ones.
"""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from canting.statistics import resampled
from canting.statistics.comparison import by_fold
from canting.statistics.design import Design, Matrix, Vector, design
from canting.statistics.holm import holm

EFFECTS = ["factor", "level", "effect", "low", "high"]
"""Columns of the table of effects."""

DIFFERENCES = ["level", "other", "difference", "low", "high", "p_value"]

CONTRASTS = ["factor", *DIFFERENCES, "p_holm", "distinguishable"]
"""Columns of the table of contrasts."""


def effects(
    scenarios: pd.DataFrame, folds: pd.DataFrame, metric: str, confidence: float
) -> pd.DataFrame:
    """Return a row a level of each factor that varies: its effect on the metric, with interval.

    A level that cannot be told from another factor's, because scenarios are missing, has no row.
    """
    coded, scores = design(scenarios), _scores(scenarios, folds, metric)
    found = [
        {"factor": factor, "level": level, **_interval(values, confidence, "effect")}
        for factor, rows in coded.rows.items()
        for level, row in rows.items()
        if (values := coded.estimate(row, scores)) is not None
    ]
    return pd.DataFrame(found, columns=EFFECTS)


def contrasts(
    scenarios: pd.DataFrame, folds: pd.DataFrame, metric: str, *, confidence: float, alpha: float
) -> pd.DataFrame:
    """Return a row a pair of levels of a factor: level less other; Holm within each factor."""
    coded, scores = design(scenarios), _scores(scenarios, folds, metric)
    tables = [
        _within(coded, factor, scores, confidence).assign(factor=factor) for factor in coded.rows
    ]
    if not tables:
        return pd.DataFrame(columns=CONTRASTS)
    table = pd.concat(tables, ignore_index=True)
    return table.assign(distinguishable=table["p_holm"] < alpha)[CONTRASTS]


def _scores(scenarios: pd.DataFrame, folds: pd.DataFrame, metric: str) -> Matrix:
    table = by_fold(folds, metric).loc[scenarios["scenario"]]
    return np.asarray(table, np.float64)


def _within(coded: Design, factor: str, scores: Matrix, confidence: float) -> pd.DataFrame:
    found: list[dict[str, Any]] = []
    for (level, row), (other, less) in combinations(coded.rows[factor].items(), 2):
        values = coded.estimate(row - less, scores)
        if values is not None:
            ends = _interval(values, confidence, "difference")
            p_value = resampled.p_value(values)
            found.append({"level": level, "other": other, **ends, "p_value": p_value})
    table = pd.DataFrame(found, columns=DIFFERENCES)
    return table.assign(p_holm=holm(table["p_value"].tolist()))


def _interval(values: Vector, confidence: float, name: str) -> dict[str, float]:
    ends = resampled.interval(values, confidence)
    return {name: ends.mean, "low": ends.low, "high": ends.high}
