"""The threshold of abstention: a quantile of out-of-fold distances."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from canting.bundle.unlikeness import Array, directions, unlikeness
from canting.config.records import AbstentionRecord
from canting.core.digits import DIGITS
from canting.data.manifest import HELD_OUT
from canting.models.features.store import Array as Features

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


PER_CLASS = 20
"""Prototypes of a class, at most; `benchmarks/abstention.py` compares numbers and other ways."""

EACH = 3
"""Pictures that a prototype has to stand for on average, so that none stands for one alone."""

MOST = 400
"""Prototypes in all, so that the arrays of 2,048 channels stay under 2 MB in float16."""

ROUNDS = 20


def prototypes(pooled: Features, codes: npt.NDArray[np.int64], seed: int) -> Array:
    """Return unit vectors, `(k, channels)`, class by class, from pooled features `(n, channels)`.

    Spherical k-means in each class (Dhillon and Modha, "Concept Decompositions for Large Sparse
    Text Data Using Clustering", Machine Learning 42, 2001).
    """
    classes, generator = np.unique(codes), np.random.default_rng(seed)
    most = max(1, min(PER_CLASS, MOST // len(classes)))
    found = [
        _means(directions(pooled[codes == code]), most, generator).astype(np.float16)
        for code in classes
    ]
    return np.concatenate(found).astype(np.float32)


def _means(points: Array, most: int, generator: np.random.Generator) -> Array:
    means = _spread(points, max(1, min(most, len(points) // EACH)), generator)
    for _ in range(ROUNDS):
        nearest = (points @ means.T).argmax(axis=1)
        used = np.unique(nearest)
        sums = np.stack([points[nearest == place].sum(axis=0) for place in used])
        means = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return means


def _spread(points: Array, count: int, generator: np.random.Generator) -> Array:
    """Return points to begin with, each drawn the likelier the farther it is from those before."""
    chosen = [int(generator.integers(len(points)))]
    away = 1 - points @ points[chosen[0]]
    while len(chosen) < count and away.max() > 1e-6:
        shares = np.maximum(away, 0) / np.maximum(away, 0).sum(dtype=np.float64)
        chosen.append(int(generator.choice(len(points), p=shares / shares.sum())))
        away = np.minimum(away, 1 - points @ points[chosen[-1]])
    return points[chosen]


METHOD = "cosine of root features to the nearest of up to 20 prototypes a class"


LEAST = 1e-5
"""Smallest threshold: where all pictures are alike, rounding must not refuse them."""


class Known(NamedTuple):
    """What is known of every picture, rows in manifest order: its class and its fold."""

    codes: npt.NDArray[np.int64]
    folds: npt.NDArray[np.int64]

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Which pictures are in a fold, not held out."""
        return np.asarray(self.folds != HELD_OUT)


class FittedAbstention(NamedTuple):
    """Prototypes of the shipped model, its threshold, and what that does out of fold.

    `scores` and `refused` `(n,)` are of the pictures in folds; `refused` by the threshold of the
    other folds.
    """

    prototypes: Array
    threshold: float
    wanted: float
    scores: Scores
    refused: npt.NDArray[np.bool_]

    def record(self) -> AbstentionRecord:
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
) -> FittedAbstention:
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
    return FittedAbstention(
        prototypes=prototypes(final[known.inside], known.codes[known.inside], seed),
        threshold=max(round(threshold(ours, wanted), DIGITS), LEAST),
        wanted=wanted,
        scores=ours,
        refused=cross_fitted(ours, folds, wanted),
    )
