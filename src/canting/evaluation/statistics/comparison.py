"""Comparison of every scenario with the best, on the same folds."""

import numpy as np
import pandas as pd

from canting.config.columns import FOLD, SCENARIO
from canting.config.metrics import sign
from canting.config.tables import DRAW, REPEAT
from canting.evaluation.statistics import inference
from canting.evaluation.statistics.inference import holm

ROUNDING = 1e-12


def compare(
    folds: pd.DataFrame, metric: str, *, confidence: float, alpha: float, reference: str = ""
) -> pd.DataFrame:
    """Return a row a scenario, the best mean first, from columns `scenario`, `fold` and `metric`.

    Every one is compared with the best, or with the `reference`, which is first then. Where
    the folds were drawn more than once, a column `repeat` says which draw a row is of.

    `difference` is a scenario's mean less the best one's, `low` to `high` the interval of that
    difference by itself; `p_holm` is corrected for all comparisons and decides on
    `distinguishable`. The best was picked on the folds that it is tested on, which flatters it, so
    that "distinguishable" is said somewhat too often.

    `near` tells whether a mean is within one standard error of the best one: with few folds a test
    finds little, and what it does not find is not shown to be nothing. The one-standard-error rule
    is that of Breiman, Friedman, Olshen and Stone, "Classification and Regression Trees" (1984),
    section 3.4.3.
    """
    table, drawn = by_fold(folds, metric), int(folds[FOLD].nunique())
    if reference:
        table = table.loc[[reference, *table.index.drop(reference)]]
    values = table.to_numpy(np.float64)
    differences = values - values[0]
    ends = [inference.interval(row, confidence, drawn) for row in differences]
    p_values = [inference.p_value(row, drawn) for row in differences]
    corrected = [1.0, *holm(p_values[1:])]
    means, error = values.mean(axis=1), inference.standard_error(values[0], drawn)
    better = sign(metric)
    return pd.DataFrame(
        {
            SCENARIO: [str(name) for name in table.index],
            "mean": means,
            "difference": [end.mean for end in ends],
            "low": [end.low for end in ends],
            "high": [end.high for end in ends],
            "p_value": p_values,
            "p_holm": corrected,
            "distinguishable": [p < alpha for p in corrected],
            "near": better * means >= better * means[0] - error - ROUNDING,
        }
    )


def by_fold(folds: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return a row a scenario and a column a fold, the best mean first, then as they came.

    Where the folds were drawn more than once, each fold of each draw has a column.
    """
    drawn = DRAW if REPEAT in folds else FOLD
    table = folds.pivot_table(index=SCENARIO, columns=drawn, values=metric, sort=False)
    means = table.mean(axis=1).sort_values(ascending=sign(metric) < 0, kind="stable")
    return table.loc[means.index]


def as_good(comparison: pd.DataFrame) -> "pd.Series[bool]":
    """Return for each row of `compare` whether it is as good as the best.

    It is not distinguishable from it, and within one standard error of it.
    """
    return ~comparison["distinguishable"] & comparison["near"]


def verdict(comparison: pd.DataFrame) -> str:
    """Return in words how many scenarios are not distinguishable from the best."""
    others = len(comparison) - 1
    same = others - int(comparison["distinguishable"].sum())
    if not others:
        return "There is one scenario, and nothing to compare it with."
    if not same:
        return "Every other scenario is distinguishable from the best."
    if same == others:
        return "No other scenario is distinguishable from the best."
    are = "is" if same == 1 else "are"
    return f"{same} of the {others} other scenarios {are} not distinguishable from the best."
