"""Distance of a picture to the training pictures, and how weakly every class answers to it."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

Scores = npt.NDArray[np.float64]


def directions(pooled: npt.NDArray[np.generic]) -> Array:
    """Return unit vectors of the square roots of pooled features, `(n, channels)`.

    The root keeps a few strong channels from deciding alone; between two such vectors the cosine
    is the Bhattacharyya coefficient of the features as shares. Negative features keep their sign.
    """
    values = pooled.astype(np.float64)
    roots = np.sign(values) * np.sqrt(np.abs(values))
    norms = np.linalg.norm(roots, axis=1, keepdims=True)
    return np.asarray(roots / np.maximum(norms, 1e-12), dtype=np.float32)


def unlikeness(pooled: npt.NDArray[np.generic], prototypes: Array) -> npt.NDArray[np.float64]:
    """Return one minus the cosine to the nearest prototype, `(n,)`: 0 is alike, 2 the opposite.

    `prototypes` `(k, channels)` are unit vectors in the space of `directions`.
    """
    nearest = (directions(pooled) @ prototypes.T).max(axis=1)
    return np.asarray(1.0 - nearest, dtype=np.float64)


def energy(logits: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """Return the negative logarithm of the sum of the exponentials of logits, `(n,)`.

    It is high where no class answers strongly, also for a picture whose features are usual ones:
    Liu et al., "Energy-based Out-of-distribution Detection", NeurIPS (2020), temperature 1.
    """
    return np.asarray(-np.logaddexp.reduce(logits.astype(np.float64), axis=1))


def weakness(energies: Scores, middle: float, threshold: float) -> Scores:
    """Return energies of logits, `(n,)`, as distances: 0 at `middle`, 1 at `threshold`."""
    return (energies - middle) / (threshold - middle)


def distance(
    unlike: Scores,
    threshold: float,
    energies: Scores | None = None,
    scale: tuple[float, float] | None = None,
) -> Scores:
    """Return the larger of unlikeness and energy, `(n,)`, each 1 at its threshold.

    `scale` are the energies of 0 and of 1; without it energy does not count. Above 1 a picture is
    refused.
    """
    found = unlike / threshold
    if scale is None or energies is None:
        return found
    return np.asarray(np.maximum(found, weakness(energies, *scale)))
