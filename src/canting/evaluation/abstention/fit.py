"""The thresholds of abstention: quantiles of what is measured on pictures that were left out."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from canting.bundle.unlikeness import Array, Scores, directions, distance, unlikeness
from canting.config.refusals import AbstentionRecord, EnergyRecord
from canting.core.digits import DIGITS
from canting.data.manifest import HELD_OUT
from canting.models.features.store import Array as Features


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


UNLIKE_SHARE = 0.2
"""How many false refusals unlikeness may make for one that energy makes, where both are used.

Energy tells unknown classes, unlikeness pictures of nothing, and these with few false refusals:
`docs/abstention.md` has the figures of `benchmarks/abstention.py`.
"""

STEPS = 50


class Limits(NamedTuple):
    """The largest unlikeness and the largest energy that are answered."""

    unlikeness: float
    energy: float

    def refused(self, unlike: Scores, energies: Scores) -> npt.NDArray[np.bool_]:
        """Return which pictures are refused, `(n,)`: by either score."""
        return np.asarray((unlike > self.unlikeness) | (energies > self.energy))


def limits(unlike: Scores, energies: Scores, wanted: float) -> Limits:
    """Return limits that refuse at most a share `wanted` of the pictures, `(n,)`, in all."""
    for share in np.linspace(wanted, wanted / (1 + UNLIKE_SHARE), STEPS):
        found = Limits(threshold(unlike, share * UNLIKE_SHARE), threshold(energies, share))
        if found.refused(unlike, energies).mean() <= wanted:
            break
    return found


def cross_limited(
    unlike: Scores, energies: Scores, folds: npt.NDArray[np.int64], wanted: float
) -> npt.NDArray[np.bool_]:
    """Return which pictures are refused, `(n,)`: each fold by the limits of the other folds."""
    refused = np.zeros(len(unlike), dtype=bool)
    for fold in np.unique(folds):
        ours = folds == fold
        found = limits(unlike[~ours], energies[~ours], wanted)
        refused[ours] = found.refused(unlike[ours], energies[ours])
    return refused


PER_CLASS = 20
"""Prototypes of a class, at most; `benchmarks/abstention.py` compares numbers and other ways."""

EACH = 3
"""Pictures that a prototype has to stand for on average, so that none stands for one alone."""

MOST = 400
"""Prototypes in all, so that the arrays of 2,048 channels stay under 2 MB in float16."""

ROUNDS = 20


def prototypes(
    pooled: Features,
    codes: npt.NDArray[np.int64],
    seed: int,
    used: npt.NDArray[np.bool_] | None = None,
) -> Array:
    """Return unit vectors, `(k, channels)`, class by class, from pooled features `(n, channels)`.

    From those of `used`, `(n,)`, alone if it is given; those of one class are in memory at a time.

    Spherical k-means in each class (Dhillon and Modha, "Concept Decompositions for Large Sparse
    Text Data Using Clustering", Machine Learning 42, 2001).
    """
    used = np.ones(len(codes), dtype=bool) if used is None else used
    classes, generator = np.unique(codes[used]), np.random.default_rng(seed)
    most = max(1, min(PER_CLASS, MOST // len(classes)))
    found = [
        _means(directions(pooled[used & (codes == code)]), most, generator).astype(np.float16)
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

WITH_ENERGY = f"{METHOD}, and energy of the logits"


LEAST = 1e-5
"""Smallest threshold: where all pictures are alike, rounding must not refuse them."""


class Known(NamedTuple):
    """What is known of every picture, rows in manifest order: its class, and what fold tests it.

    Pictures of no class are as if they were held out.
    """

    codes: npt.NDArray[np.int64]
    folds: npt.NDArray[np.int64]

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Which pictures are in a fold, not held out."""
        return np.asarray(self.folds != HELD_OUT)


class FittedAbstention(NamedTuple):
    """Prototypes of the shipped model, its threshold, and what that does out of fold.

    `scores` and `refused` `(n,)` are of the pictures in folds; `refused` by the threshold of the
    other folds. `scores` are distances to the prototypes; `energies`, and their scale, are there
    where weak logits are refused too.
    """

    prototypes: Array
    threshold: float
    wanted: float
    scores: Scores
    refused: npt.NDArray[np.bool_]
    energies: Scores | None = None
    scale: EnergyRecord | None = None

    @property
    def distances(self) -> Scores:
        """Distances of the pictures in folds, `(n,)`; above 1 a picture is refused."""
        return self.distance(self.scores, self.energies)

    def distance(self, unlike: Scores, energies: Scores | None) -> Scores:
        """Return what the bundle says of pictures, `(n,)`, as `canting.bundle.classifier` does."""
        scale = self.scale and (self.scale["middle"], self.scale["threshold"])
        return distance(unlike, self.threshold, energies, scale)

    def record(self) -> AbstentionRecord:
        """Return what the card says of it, but for pictures of nothing."""
        told: AbstentionRecord = {
            "method": METHOD,
            "threshold": self.threshold,
            "wanted": self.wanted,
            "false_refusal": float(self.refused.mean()),
            "pictures": len(self.refused),
        }
        return {**told, "method": WITH_ENERGY, "energy": self.scale} if self.scale else told


def without(fold: int, features: Features, known: Known, seed: int) -> Array:
    """Return the prototypes of the pictures that are in the other folds."""
    return prototypes(features, known.codes, seed, known.inside & (known.folds != fold))


def fit(
    final: Array,
    of_folds: Iterable[Array],
    known: Known,
    wanted: float,
    seed: int,
    energies: Scores | None = None,
) -> FittedAbstention:
    """Fix prototypes and threshold from pooled features, `(n, channels)`.

    `final` are those of the shipped model, `of_folds` those of each fold's: the prototypes of a
    fold come from the other folds, and score the pictures it leaves out. `energies` `(n,)` are of
    the logits that the models of the folds gave to what they left out.
    """
    scores = np.zeros(len(known.codes))
    for fold, features in enumerate(of_folds):
        test = known.folds == fold
        scores[test] = unlikeness(features[test], without(fold, features, known, seed))
    ours, folds = scores[known.inside], known.folds[known.inside]
    found = prototypes(final, known.codes, seed, known.inside)
    if energies is not None:
        return _with_energies(found, ours, energies[known.inside], folds, wanted)
    return FittedAbstention(
        prototypes=found,
        threshold=max(round(threshold(ours, wanted), DIGITS), LEAST),
        wanted=wanted,
        scores=ours,
        refused=cross_fitted(ours, folds, wanted),
    )


def _with_energies(
    found: Array,
    unlike: Scores,
    energies: Scores,
    folds: npt.NDArray[np.int64],
    wanted: float,
) -> FittedAbstention:
    most = limits(unlike, energies, wanted)
    middle = round(float(np.median(energies)), DIGITS)
    return FittedAbstention(
        prototypes=found,
        threshold=max(round(most.unlikeness, DIGITS), LEAST),
        wanted=wanted,
        scores=unlike,
        refused=cross_limited(unlike, energies, folds, wanted),
        energies=energies,
        scale={
            "middle": middle,
            "threshold": round(max(most.energy, middle + LEAST), DIGITS),
        },
    )
