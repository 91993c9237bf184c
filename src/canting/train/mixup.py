"""Mixup: pairs of examples and of their targets, blended.

Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018. Behind a frozen trunk it is
the manifold mixup of Verma et al., ICML 2019, at the cut.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def mix(
    arrays: tuple[Array, ...], alpha: float, generator: np.random.Generator
) -> tuple[Array, ...]:
    """Blend each example, in all arrays alike, with another of the batch.

    Shares are drawn from Beta(`alpha`, `alpha`), one an example; its own share is the larger one.
    """
    count = len(arrays[0])
    others = generator.permutation(count)
    drawn = generator.beta(alpha, alpha, count).astype(np.float32)
    own = np.maximum(drawn, 1 - drawn)
    return tuple(_blend(array, array[others], own) for array in arrays)


def _blend(array: Array, other: Array, own: Array) -> Array:
    share = own.reshape(-1, *[1] * (array.ndim - 1))
    return np.asarray(share * array + (1 - share) * other, dtype=np.float32)
