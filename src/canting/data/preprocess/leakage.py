"""Leakage of the folds, and of a random split."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedKFold

from canting.config.records import Leakage
from canting.data.near_duplicates import leaked
from canting.data.preprocess.folds import Folds


def leakage(
    labels: Sequence[str], groups: npt.NDArray[np.int64], drawn: Folds, folds: int, seed: int
) -> Leakage:
    """Return counts: pictures, groups, pictures leaked by a random split, and by the drawn folds.

    A picture leaks when another one of its group is in another fold.
    """
    return {
        "pictures": len(labels),
        "groups": len(np.unique(groups)),
        "leaked_by_a_random_split": leak_of_random_split(labels, groups, folds, seed),
        "leaked": leaked(groups, drawn),
    }


def leak_of_random_split(
    labels: Sequence[str], groups: npt.NDArray[np.int64], folds: int, seed: int
) -> int:
    """Return how many pictures a stratified split that ignores groups would have leaked."""
    result = np.zeros(len(labels), dtype=np.int64)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for fold, (_, test) in enumerate(splitter.split(np.zeros(len(labels)), labels)):
        result[test] = fold
    return leaked(groups, result)
