"""A grid of scenarios, coded so that the effects of each factor sum to zero."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.config.columns import FOLD, SCENARIO
from canting.config.tables import CONTRASTS, DIFFERENCES, EFFECTS
from canting.evaluation.statistics import factors, inference
from canting.evaluation.statistics.comparison import by_fold
from canting.evaluation.statistics.inference import holm

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]


class Design(NamedTuple):
    """The coded grid.

    `matrix` is `(scenarios, coefficients)`; `rows` has for each factor and level the coefficients
    `(coefficients,)` that its effect is made of.
    """

    matrix: Matrix
    rows: dict[str, dict[str, Vector]]

    def estimate(self, row: Vector, scores: Matrix) -> Vector | None:
        """Return an effect in each fold by least squares; None where the grid does not hold it.

        `scores` is `(scenarios, folds)`, with the folds of all draws.
        """
        weights = row @ np.linalg.pinv(self.matrix)
        estimable = np.allclose(weights @ self.matrix, row)
        return np.asarray(weights @ scores, np.float64) if estimable else None


def design(scenarios: pd.DataFrame) -> Design:
    """Code the factors that vary."""
    parts, rows, start = [np.ones((len(scenarios), 1))], {}, 1
    varying = factors.levels(scenarios)
    width = 1 + sum(len(names) - 1 for names in varying.values())
    for factor, names in varying.items():
        codes = np.vstack([np.eye(len(names) - 1), -np.ones(len(names) - 1)])
        parts.append(codes[[names.index(factors.level(value)) for value in scenarios[factor]]])
        end = start + len(names) - 1
        padded = np.pad(codes, ((0, 0), (start, width - end)))
        rows[factor] = dict(zip(names, padded, strict=True))
        start = end
    return Design(np.hstack(parts), rows)


def effects(
    scenarios: pd.DataFrame, folds: pd.DataFrame, metric: str, confidence: float
) -> pd.DataFrame:
    """Return a row a level of each factor that varies: its effect on the metric, with interval.

    A level that cannot be told from another factor's, because scenarios are missing, has no row.
    """
    coded, scores = design(scenarios), _scores(scenarios, folds, metric)
    drawn = int(folds[FOLD].nunique())
    found = [
        {"factor": factor, "level": level, **_interval(values, confidence, "effect", drawn)}
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
    drawn = int(folds[FOLD].nunique())
    tables = [
        _within(coded, factor, scores, confidence, drawn).assign(factor=factor)
        for factor in coded.rows
    ]
    if not tables:
        return pd.DataFrame(columns=CONTRASTS)
    table = pd.concat(tables, ignore_index=True)
    return table.assign(distinguishable=table["p_holm"] < alpha)[CONTRASTS]


def _scores(scenarios: pd.DataFrame, folds: pd.DataFrame, metric: str) -> Matrix:
    table = by_fold(folds, metric).loc[scenarios[SCENARIO]]
    return np.asarray(table, np.float64)


def _within(
    coded: Design, factor: str, scores: Matrix, confidence: float, drawn: int
) -> pd.DataFrame:
    found: list[dict[str, str | float]] = []
    for (level, row), (other, less) in combinations(coded.rows[factor].items(), 2):
        values = coded.estimate(row - less, scores)
        if values is not None:
            ends = _interval(values, confidence, "difference", drawn)
            p_value = inference.p_value(values, drawn)
            found.append({"level": level, "other": other, **ends, "p_value": p_value})
    table = pd.DataFrame(found, columns=DIFFERENCES)
    return table.assign(p_holm=holm(table["p_value"].tolist()))


def _interval(values: Vector, confidence: float, name: str, drawn: int) -> dict[str, float]:
    ends = inference.interval(values, confidence, drawn)
    return {name: ends.mean, "low": ends.low, "high": ends.high}
