"""Distance of a picture to the training pictures."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


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
