"""Sample size: how many pictures a test needs."""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Test = Callable[[int], float]
"""Takes a number of pictures; returns the p-value of what is to be told from chance."""

MOST = 100_000


def smallest(test: Test, alpha: float) -> int | None:
    """Return about the smallest number of pictures with a p-value of at most `alpha`, if any."""
    high = 1
    while test(high) > alpha:
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if test(middle) <= alpha else (middle, high)
    return high


Counts = npt.NDArray[np.int64]
"""`(classes,)`."""

DRAWS = 9999
SEED = 0


def change(counts: Counts, before: Counts) -> float:
    """Return the share of the pictures that are of another class than they would have been.

    It is the total variation distance: half the sum of the differences of the shares.
    """
    return float(np.abs(counts / counts.sum() - before / before.sum()).sum() / 2)


def mix_p_value(counts: Counts, before: Counts) -> float:
    """Return how likely so different counts are if the shares are equal.

    A permutation test of Pearson's chi-square: who belongs to which sample is drawn anew, always
    the same draws, and the sample itself is one of them (Phipson and Smyth, "Permutation P-values
    Should Never Be Zero", Statistical Applications in Genetics and Molecular Biology 9, 2010).
    """
    both = counts + before
    drawn = np.random.default_rng(SEED).multivariate_hypergeometric(both, counts.sum(), DRAWS)
    reached = _square(drawn, both) >= _square(counts[None], both) * (1 - 1e-9)
    return float((1 + reached.sum()) / (1 + DRAWS))


def approximate_mix_p_value(effect: float, count: int, before: int, classes: int) -> float:
    """Return the largest p-value, about, of a `change` this large.

    Of all changes of a size, the chi-square statistic is at least 4 effect² × count × before ÷
    (count + before), by the inequality of Cauchy and Schwarz. Its tail is that of Wilson and
    Hilferty, "The Distribution of Chi-Square", Proceedings of the National Academy of Sciences 17
    (1931).
    """
    square = 4 * effect * effect * count * before / (count + before)
    freedom = classes - 1
    spread = 2 / (9 * freedom)
    return 1 - NormalDist(1 - spread, spread**0.5).cdf((square / freedom) ** (1 / 3))


def _square(counts: Counts, both: Counts) -> npt.NDArray[np.float64]:
    """Return what orders samples as chi-square does, where the sizes and the sum are given."""
    known = both > 0
    share = counts.sum(axis=1, keepdims=True) / both.sum()
    expected = share * both[known]
    return np.asarray(((counts[:, known] - expected) ** 2 / expected).sum(axis=1))


def share_p_value(hits: int, count: int, hits_before: int, count_before: int) -> float:
    """Return how likely at least so many hits are if both shares are equal: Fisher's exact test.

    Fisher, "The Logic of Inductive Inference", Journal of the Royal Statistical Society 98 (1935);
    one-sided. The doubt of the reference is part of it.
    """
    whole, every = count + count_before, hits + hits_before
    most = min(count, every)
    logs = [
        _log_ways(every, x) + _log_ways(whole - every, count - x) for x in range(hits, most + 1)
    ]
    base = _log_ways(whole, count)
    return min(1.0, math.fsum(math.exp(value - base) for value in logs))


def _log_ways(whole: int, part: int) -> float:
    """Return the logarithm of the number of ways to take a part of a whole."""
    if not 0 <= part <= whole:
        return -math.inf
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)
