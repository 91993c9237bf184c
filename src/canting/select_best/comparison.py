"""Whether two scenarios differ by more than chance."""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

Scores = npt.NDArray[np.float64]
"""`(folds,)`: one score a fold, of scenarios that share their folds."""


def corrected_p_value(one: Scores, other: Scores) -> float:
    """Return the two-sided p-value of the corrected resampled t-test for k-fold cross-validation.

    Training parts overlap, so the variance of the mean difference is not s²/k but
    (1/k + n_test/n_train) s², with n_test/n_train = 1/(k - 1): Nadeau and Bengio, "Inference for
    the Generalization Error", Machine Learning 52 (2003), section 3.
    """
    differences = one - other
    folds = len(differences)
    variance = float(differences.var(ddof=1))
    mean = float(differences.mean())
    if math.isclose(variance, 0.0, abs_tol=1e-18):
        return 1.0 if math.isclose(mean, 0.0, abs_tol=1e-12) else 0.0
    t = mean / math.sqrt((1 / folds + 1 / (folds - 1)) * variance)
    return float(2 * stats.t.sf(abs(t), folds - 1))


def holm(p_values: list[float]) -> list[float]:
    """Return p-values corrected for many comparisons: Holm, Scand. J. Statistics 6 (1979)."""
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    raised = np.minimum(np.maximum.accumulate(np.asarray(p_values)[order] * factors), 1.0)
    result = np.empty(len(p_values))
    result[order] = raised
    return [float(value) for value in result]
