"""The corrected resampled t-test: means over folds whose training parts overlap.

The variance of the mean of k fold scores is not s²/k but (1/k + n_test/n_train) s², with
n_test/n_train = 1/(k - 1); t has k - 1 degrees of freedom: Nadeau and Bengio, "Inference for the
Generalization Error", Machine Learning 52 (2003), section 3. Where the k folds were drawn r times,
there are r k scores and r k - 1 degrees of freedom, with the same n_test/n_train: Bouckaert and
Frank, "Evaluating the Replicability of Significance Tests", PAKDD 2004.

Where each fold leaves a collection out, these differ in size, and so does n_test/n_train counted in
pictures. It stays 1/(k - 1) here. The mean is to tell of a further collection, and pictures of one
are not independent: the units are collections, of which one is tested, k - 1 are trained on, and
each counts the same. (Cross-validation by blocks of what is not independent: Roberts and others,
"Cross-validation Strategies for Data with Temporal, Spatial, Hierarchical, or Phylogenetic
Structure", Ecography 40, 2017.) The share of pictures that are tested is 1/k on average, whatever
the sizes, which gives the same ratio. All scores are taken to have one variance, though that of a
small collection is larger, so that with few collections the test is approximate.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
"""`(folds,)`: one score a fold, or one difference a fold of scenarios that share their folds.

Where the folds were drawn more than once, the scores of all draws, and `folds` says how many each
draw has.
"""


class Interval(NamedTuple):
    """A mean over the folds, or collections, and the ends of its confidence interval."""

    mean: float
    low: float
    high: float


def interval(values: Scores, confidence: float, folds: int | None = None) -> Interval:
    """Return the mean with its interval."""
    mean, half = float(values.mean()), half_width(values, confidence, folds)
    return Interval(mean, mean - half, mean + half)


def half_width(values: Scores, confidence: float, folds: int | None = None) -> float:
    """Return half the length of the interval of the mean."""
    from scipy import special

    quantile = float(special.stdtrit(len(values) - 1, (1 + confidence) / 2))
    return quantile * standard_error(values, folds)


def standard_error(values: Scores, folds: int | None = None) -> float:
    """Return the standard error of the mean."""
    return math.sqrt(_variance_of_mean(values, folds))


def p_value(differences: Scores, folds: int | None = None) -> float:
    """Return the two-sided p-value of the corrected resampled t-test, against a mean of zero."""
    mean, variance = float(differences.mean()), _variance_of_mean(differences, folds)
    if math.isclose(variance, 0.0, abs_tol=1e-18):
        return 1.0 if math.isclose(mean, 0.0, abs_tol=1e-12) else 0.0
    from scipy import special

    return float(2 * special.stdtr(len(differences) - 1, -abs(mean) / math.sqrt(variance)))


def _variance_of_mean(values: Scores, folds: int | None) -> float:
    test_to_train = 1 / ((folds or len(values)) - 1)
    return (1 / len(values) + test_to_train) * float(values.var(ddof=1))


def wilson(hits: int, count: int, confidence: float) -> tuple[float, float]:
    """Return the score interval of a share of independent trials.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the
    American Statistical Association 22 (1927); it holds for few trials and for shares near 0 and 1.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = hits + z * z / 2
    half = z * math.sqrt(hits * (count - hits) / count + z * z / 4)
    whole = count + z * z
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for many comparisons: Holm, Scand. J. Statistics 6 (1979)."""
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    raised = np.minimum(np.maximum.accumulate(np.asarray(p_values)[order] * factors), 1.0)
    result = np.empty(len(p_values))
    result[order] = raised
    return [float(value) for value in result]
