"""Scores from out-of-fold predictions; a class that is never predicted has precision 0."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.bundle.logits import LOGIT, cross_entropy

Counts = npt.NDArray[np.int64]
"""`(classes, classes)` confusion matrix: row the true class, column the predicted one."""


def labels_of(predictions: pd.DataFrame) -> list[str]:
    """Return the labels in the order of the logits."""
    return [name.removeprefix(LOGIT) for name in predictions if str(name).startswith(LOGIT)]


def logits_of(predictions: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the logits, `(n, classes)`."""
    columns = [LOGIT + label for label in labels_of(predictions)]
    return np.asarray(predictions[columns], np.float64)


def codes_of(predictions: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the places of the true classes, `(n,)`."""
    codes = pd.Categorical(predictions["label"], labels_of(predictions)).codes
    return np.asarray(codes, np.int64)


def confusion(true: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> Counts:
    """Count how often each class was taken for each class."""
    codes = [pd.Categorical(names, labels).codes.astype(np.int64) for names in (true, predicted)]
    flat = np.bincount(codes[0] * len(labels) + codes[1], minlength=len(labels) ** 2)
    return flat.reshape(len(labels), len(labels)).astype(np.int64)


def per_class(counts: Counts, labels: Sequence[str]) -> pd.DataFrame:
    """Return a row a class: TP, FP, FN, precision, recall, F1, support."""
    hits = counts.diagonal()
    predicted, support = counts.sum(axis=0), counts.sum(axis=1)
    return pd.DataFrame(
        {
            "label": labels,
            "tp": hits,
            "fp": predicted - hits,
            "fn": support - hits,
            "precision": _ratio(hits, predicted),
            "recall": _ratio(hits, support),
            "f1": _ratio(2 * hits, predicted + support),
            "support": support,
        }
    )


def macro(counts: Counts) -> dict[str, float]:
    """Return accuracy and the means over the classes of precision, recall and F1."""
    table = per_class(counts, range(len(counts)))  # type: ignore[arg-type]
    means = {f"macro_{name}": float(table[name].mean()) for name in ("precision", "recall", "f1")}
    return {"accuracy": float(counts.trace() / counts.sum()), **means}


def log_loss(predictions: pd.DataFrame) -> float:
    """Return the mean negative log-likelihood of the true classes, in nats."""
    return cross_entropy(logits_of(predictions), codes_of(predictions))


def _ratio(part: Counts, whole: Counts) -> npt.NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
