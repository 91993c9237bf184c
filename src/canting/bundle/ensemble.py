"""Answers of several networks as one: the mean of their probabilities."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from canting.bundle.arrays import Array, Arrays
from canting.bundle.logits import log_softmax


def averaged(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the logarithm of the mean probabilities from logits, `(members, …, classes)`.

    Softmax of it is that mean. Those of one member alone stay as they are.
    """
    if len(logits) == 1:
        return np.asarray(logits[0], np.float64)
    values = log_softmax(logits)
    most = values.max(axis=0)
    return np.asarray(most + np.log(np.exp(values - most).mean(axis=0)))


def product(pooled: Array, arrays: Arrays, channels: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return the logits that the classifier, `arrays`, gives to a pooled feature, `(channels,)`.

    An ensemble's members have so many `channels` each, and a row of the bias; a single network
    has none.
    """
    if not channels:
        return np.asarray(pooled @ arrays.kernel + arrays.bias, np.float64)
    ends = np.cumsum(channels)[:-1]
    parts = zip(np.split(pooled, ends), np.split(arrays.kernel, ends), arrays.bias, strict=True)
    return averaged(np.stack([part @ kernel + bias for part, kernel, bias in parts]))
