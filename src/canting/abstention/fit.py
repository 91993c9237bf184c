"""Abstention of a model, fixed on pictures that neither it nor the prototypes have seen."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from canting.abstention.prototypes import prototypes
from canting.abstention.threshold import Scores, cross_fitted, threshold
from canting.bundle.unlikeness import Array, unlikeness
from canting.data.manifest import HELD_OUT

METHOD = "cosine of root features to the nearest of up to 20 prototypes a class"


LEAST = 1e-6
"""Smallest threshold: where all pictures are alike, rounding must not refuse them."""


class Known(NamedTuple):
    """What is known of every picture, rows in manifest order: its class and its fold."""

    codes: npt.NDArray[np.int64]
    folds: npt.NDArray[np.int64]

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Which pictures are in a fold, not held out."""
        return np.asarray(self.folds != HELD_OUT)


class Abstention(NamedTuple):
    """Prototypes of the shipped model, its threshold, and what that does out of fold.

    `scores` and `refused` `(n,)` are of the pictures in folds; `refused` by the threshold of the
    other folds.
    """

    prototypes: Array
    threshold: float
    wanted: float
    scores: Scores
    refused: npt.NDArray[np.bool_]

    def record(self) -> dict[str, Any]:
        """Return what the card says of it, but for pictures of nothing."""
        return {
            "method": METHOD,
            "threshold": self.threshold,
            "wanted": self.wanted,
            "false_refusal": float(self.refused.mean()),
            "pictures": len(self.refused),
        }


def fit(
    final: Array, of_folds: Iterable[Array], known: Known, wanted: float, seed: int
) -> Abstention:
    """Fix prototypes and threshold from pooled features, `(n, channels)`.

    `final` are those of the shipped model, `of_folds` those of each fold's: the prototypes of a
    fold come from the other folds, and score the pictures it leaves out.
    """
    scores = np.zeros(len(known.codes))
    for fold, features in enumerate(of_folds):
        train, test = known.inside & (known.folds != fold), known.folds == fold
        found = prototypes(features[train], known.codes[train], seed)
        scores[test] = unlikeness(features[test], found)
    ours, folds = scores[known.inside], known.folds[known.inside]
    return Abstention(
        prototypes=prototypes(final[known.inside], known.codes[known.inside], seed),
        threshold=max(round(threshold(ours, wanted), 9), LEAST),
        wanted=wanted,
        scores=ours,
        refused=cross_fitted(ours, folds, wanted),
    )
