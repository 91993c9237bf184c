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


def log_softmax(logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return logarithms of probabilities from logits, `(…, classes)`, computed in float64."""
    values = logits.astype(np.float64)
    values -= values.max(axis=-1, keepdims=True)
    return np.asarray(values - np.log(np.exp(values).sum(axis=-1, keepdims=True)))


def cross_entropy(logits: npt.NDArray[Any], codes: npt.NDArray[np.int64]) -> float:
    """Return the mean negative log-likelihood of the classes at `codes`, `(n,)`, in nats."""
    return float(-log_softmax(logits)[np.arange(len(codes)), codes].mean())
