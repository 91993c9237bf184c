"""Whether the classes come in other shares than in a reference."""

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
"""`(classes,)`."""

DRAWS = 9999
SEED = 0


def change(counts: Counts, before: Counts) -> float:
    """Return the share of the pictures that are of another class than they would have been.

    It is the total variation distance: half the sum of the differences of the shares.
    """
    return float(np.abs(counts / counts.sum() - before / before.sum()).sum() / 2)


def p_value(counts: Counts, before: Counts) -> float:
    """Return how likely so different counts are if the shares are equal.

    A permutation test of Pearson's chi-square: who belongs to which sample is drawn anew, always
    the same draws, and the sample itself is one of them (Phipson and Smyth, "Permutation P-values
    Should Never Be Zero", Statistical Applications in Genetics and Molecular Biology 9, 2010).
    """
    both = counts + before
    drawn = np.random.default_rng(SEED).multivariate_hypergeometric(both, counts.sum(), DRAWS)
    reached = _square(drawn, both) >= _square(counts[None], both) * (1 - 1e-9)
    return float((1 + reached.sum()) / (1 + DRAWS))


def approximate_p_value(effect: float, count: int, before: int, classes: int) -> float:
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
