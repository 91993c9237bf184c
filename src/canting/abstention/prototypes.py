"""A few directions for each class that stand for its training pictures."""

import numpy as np
import numpy.typing as npt

from canting.bundle.unlikeness import Array, directions
from canting.models.features.store import Array as Features

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
