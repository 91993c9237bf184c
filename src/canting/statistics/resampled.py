"""Means over folds whose training parts overlap: their intervals, and whether they are zero.

The variance of the mean of k fold scores is not s²/k but (1/k + n_test/n_train) s², with
n_test/n_train = 1/(k - 1); t has k - 1 degrees of freedom: Nadeau and Bengio, "Inference for the
Generalization Error", Machine Learning 52 (2003), section 3.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Scores = npt.NDArray[np.float64]
"""`(folds,)`: one score a fold, or one difference a fold of scenarios that share their folds."""


class Interval(NamedTuple):
    """A mean over the folds and the ends of its confidence interval."""

    mean: float
    low: float
    high: float


def interval(values: Scores, confidence: float) -> Interval:
    """Return the mean with its interval."""
    mean, half = float(values.mean()), half_width(values, confidence)
    return Interval(mean, mean - half, mean + half)


def half_width(values: Scores, confidence: float) -> float:
    """Return half the length of the interval of the mean."""
    quantile = float(special.stdtrit(len(values) - 1, (1 + confidence) / 2))
    return quantile * math.sqrt(_variance_of_mean(values))


def p_value(differences: Scores) -> float:
    """Return the two-sided p-value of the corrected resampled t-test, against a mean of zero."""
    mean, variance = float(differences.mean()), _variance_of_mean(differences)
    if math.isclose(variance, 0.0, abs_tol=1e-18):
        return 1.0 if math.isclose(mean, 0.0, abs_tol=1e-12) else 0.0
    return float(2 * special.stdtr(len(differences) - 1, -abs(mean) / math.sqrt(variance)))


def _variance_of_mean(values: Scores) -> float:
    folds = len(values)
    return (1 / folds + 1 / (folds - 1)) * float(values.var(ddof=1))
