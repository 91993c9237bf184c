"""Scores from out-of-fold predictions, all finite: where a ratio is 0 / 0, the score is 0."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.bundle.logits import LOGIT, cross_entropy
from canting.config.columns import LABEL, PREDICTED
from canting.config.metrics import METRICS

Labels: TypeAlias = "list[str] | npt.NDArray[Any] | pd.Series[Any]"
"""Labels of pictures, `(n,)`."""

Counts = npt.NDArray[np.int64]
"""`(classes, classes)` confusion matrix: row the true class, column the predicted one."""


def labels_of(predictions: pd.DataFrame) -> list[str]:
    """Return the labels in the order of the logits."""
    names = map(str, predictions)
    return [name.removeprefix(LOGIT) for name in names if name.startswith(LOGIT)]


def logits_of(predictions: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the logits, `(n, classes)`."""
    columns = [LOGIT + label for label in labels_of(predictions)]
    return np.asarray(predictions[columns], np.float64)


def codes_of(predictions: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the places of the true classes, `(n,)`."""
    codes = pd.Categorical(predictions[LABEL], labels_of(predictions)).codes
    return np.asarray(codes, np.int64)


def confusion(true: Labels, predicted: Labels, labels: list[str]) -> Counts:
    """Count how often each class was taken for each class."""
    codes = [pd.Categorical(names, labels).codes.astype(np.int64) for names in (true, predicted)]
    return counted(codes[0], codes[1], len(labels))


def counted(
    true: npt.NDArray[np.integer], predicted: npt.NDArray[np.integer], classes: int
) -> Counts:
    """Do what `confusion` does with the places of classes, `(n,)` each."""
    flat = np.bincount(true * classes + predicted, minlength=classes**2)
    return flat.reshape(classes, classes).astype(np.int64)


def per_class(counts: Counts, labels: Sequence[str]) -> pd.DataFrame:
    """Return a row a class: TP, FP, FN, precision, recall, F1, support."""
    hits = counts.diagonal()
    predicted, support = counts.sum(axis=0), counts.sum(axis=1)
    return pd.DataFrame(
        {
            LABEL: labels,
            "tp": hits,
            "fp": predicted - hits,
            "fn": support - hits,
            "precision": _ratio(hits, predicted),
            "recall": _ratio(hits, support),
            "f1": _ratio(2 * hits, predicted + support),
            "support": support,
        }
    )


class Answers(NamedTuple):
    """What metrics are computed from: the counts, logits `(n, classes)`, true classes `(n,)`."""

    counts: Counts
    logits: npt.NDArray[np.floating]
    codes: npt.NDArray[np.int64]


Function = Callable[[Answers], float]
"""A metric of one model's answers; finite, whatever the counts."""


def answers_of(predictions: pd.DataFrame) -> Answers:
    """Return the answers in a table of predictions with their `predicted` labels."""
    labels = labels_of(predictions)
    counts = confusion(predictions[LABEL], predictions[PREDICTED], labels)
    return Answers(counts, logits_of(predictions), codes_of(predictions))


def values(answers: Answers, names: Sequence[str] | None = None) -> dict[str, float]:
    """Return the metrics of these names, else all, in the order of the table."""
    return {name: float(FUNCTIONS[name](answers)) for name in (METRICS if names is None else names)}


def _accuracy(answers: Answers) -> float:
    return float(answers.counts.trace() / answers.counts.sum())


def _macro(column: str) -> Function:
    def mean(answers: Answers) -> float:
        labels = [str(number) for number in range(len(answers.counts))]
        return float(per_class(answers.counts, labels)[column].mean())

    return mean


def _balanced_accuracy(answers: Answers) -> float:
    """Return the mean recall of the classes that have pictures.

    Brodersen and others, "The Balanced Accuracy and Its Posterior Distribution", ICPR (2010).
    """
    support = answers.counts.sum(axis=1)
    return float(_ratio(answers.counts.diagonal(), support)[support > 0].mean())


def _cohen_kappa(answers: Answers) -> float:
    """Return the agreement beyond chance; 0 where one class has all pictures and all answers.

    Cohen, "A Coefficient of Agreement for Nominal Scales", Educational and Psychological
    Measurement 20 (1960).
    """
    hits, whole, by_chance, _ = _margins(answers.counts)
    return _or_zero(hits * whole - by_chance, whole**2 - by_chance)


def _mcc(answers: Answers) -> float:
    """Return Matthews' correlation for many classes; 0 where all pictures or answers are of one.

    Gorodkin, "Comparing Two K-Category Assignments by a K-Category Correlation Coefficient",
    Computational Biology and Chemistry 28 (2004).
    """
    hits, whole, by_chance, (true, predicted) = _margins(answers.counts)
    spread = math.sqrt((whole**2 - true) * (whole**2 - predicted))
    return _or_zero(hits * whole - by_chance, spread)


def _log_loss(answers: Answers) -> float:
    """Return the mean negative log-likelihood of the true classes, in nats."""
    return cross_entropy(answers.logits, answers.codes)


FUNCTIONS: dict[str, Function] = {
    "accuracy": _accuracy,
    "macro_precision": _macro("precision"),
    "macro_recall": _macro("recall"),
    "macro_f1": _macro("f1"),
    "balanced_accuracy": _balanced_accuracy,
    "cohen_kappa": _cohen_kappa,
    "mcc": _mcc,
    "loss": _log_loss,
}
"""How each row of `canting.config.metrics.METRICS` is computed."""


def _margins(counts: Counts) -> tuple[int, int, int, tuple[int, int]]:
    """Return hits, pictures, the sum of products of both margins, and their sums of squares."""
    true, predicted = (counts.sum(axis=axis).astype(object) for axis in (1, 0))
    squares = int((true * true).sum()), int((predicted * predicted).sum())
    return int(counts.trace()), int(counts.sum()), int((true * predicted).sum()), squares


def _or_zero(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _ratio(part: Counts, whole: Counts) -> npt.NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
