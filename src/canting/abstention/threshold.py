"""Where like ends and unlike begins."""

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]


def threshold(scores: Scores, wanted: float) -> float:
    """Return the smallest score that at most a share `wanted` of the scores is above."""
    return float(np.quantile(scores, 1 - wanted, method="higher"))


def cross_fitted(
    scores: Scores, folds: npt.NDArray[np.int64], wanted: float
) -> npt.NDArray[np.bool_]:
    """Return which scores are refused, `(n,)`: each fold by the threshold of the other folds."""
    refused = np.zeros(len(scores), dtype=bool)
    for fold in np.unique(folds):
        ours = folds == fold
        refused[ours] = scores[ours] > threshold(scores[~ours], wanted)
    return refused
