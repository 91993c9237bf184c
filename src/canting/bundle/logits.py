"""Logits: the names of their columns, probabilities and loss."""

from typing import Any

import numpy as np
import numpy.typing as npt

LOGIT = "logit "
"""Start of the names of the columns that hold logits; the label follows."""


def softmax(logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return probabilities from logits, `(n, classes)`, computed in float64."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def cross_entropy(logits: npt.NDArray[Any], codes: npt.NDArray[np.int64]) -> float:
    """Return the mean negative log-likelihood of the classes at `codes`, `(n,)`, in nats."""
    values = logits.astype(np.float64)
    values -= values.max(axis=1, keepdims=True)
    likelihood = values - np.log(np.exp(values).sum(axis=1, keepdims=True))
    return float(-likelihood[np.arange(len(codes)), codes].mean())
