"""The metrics, a row each, known without a framework: their words, directions and columns.

`canting.models.scores.FUNCTIONS` computes them. Whatever scores, writes, shows,
compares or chooses reads these rows, so that a new metric is a row here and a function there.
"""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """What is known of a metric without computing it.

    `least` and `most` are the ends of its values, `hub` is what model hubs call it. Without
    `averaged` it has only a pooled value: no fold has one, and no scenario is chosen by it.
    """

    label: str
    direction: Literal["higher", "lower"] = "higher"
    least: float = 0.0
    most: float = 1.0
    averaged: bool = True
    hub: str | None = None


METRICS: dict[str, Metric] = {
    "accuracy": Metric("accuracy", hub="accuracy"),
    "macro_precision": Metric("macro precision", hub="precision"),
    "macro_recall": Metric("macro recall", hub="recall"),
    "macro_f1": Metric("macro F1", hub="f1"),
    "balanced_accuracy": Metric("balanced accuracy"),
    "cohen_kappa": Metric("Cohen's kappa", least=-1.0),
    "mcc": Metric("MCC", least=-1.0, hub="matthews_correlation"),
    "loss": Metric("log-loss", direction="lower", most=math.inf),
}
"""The metrics by name, in the order of the tables.

The name is the column and key of the value of one fold or, where folds stand together, of the
pooled one: from the predictions of all folds at once. The mean over the folds has columns of its
own, `mean_of` and the others below. `MCC` is Matthews' correlation coefficient of all classes.
"""

COLLECTIONS = {"collections_macro_f1": "macro_f1"}
"""What `select_best.metric` may ask for beside the metrics: their means over left-out collections.

With `preprocess.split: collections` a fold is a collection, so this is the mean over the folds of
the metric that is named here, and every collection counts the same. The name refuses other splits:
what is meant for pictures from elsewhere is not chosen by folds of the same collections.
"""

USUAL = "macro_f1"
"""The metric whose pooled value orders tables, and that decides where nothing else is said."""


def averaged() -> tuple[str, ...]:
    """Return the metrics with a mean over the folds: those that a scenario can be chosen by."""
    return tuple(name for name, row in METRICS.items() if row.averaged)


def choices() -> tuple[str, ...]:
    """Return what `select_best.metric` may be."""
    return (*averaged(), *COLLECTIONS)


def column(name: str) -> str:
    """Return the metric, and so the column, that a value of `select_best.metric` is decided by."""
    return COLLECTIONS.get(name, name)


def mean_of(name: str) -> str:
    """Return the column of the mean over the folds."""
    return f"{name}_mean"


def std_of(name: str) -> str:
    """Return the column of the standard deviation over the folds."""
    return f"{name}_std"


def ends_of(name: str) -> tuple[str, str]:
    """Return the columns of the ends of the interval of the mean over the folds."""
    return f"{mean_of(name)}_low", f"{mean_of(name)}_high"


def label(name: str) -> str:
    """Return a metric in words; of another column, its name without underscores."""
    return METRICS[name].label if name in METRICS else name.replace("_", " ")


def heading(name: str) -> str:
    """Return a metric in words, with its direction where lower is better."""
    return f"{label(name)} (lower is better)" if sign(name) < 0 else label(name)


def sign(name: str) -> int:
    """Return 1 where a higher value is better, else -1."""
    return -1 if METRICS[name].direction == "lower" else 1


def directions() -> str:
    """Return in a sentence which way each metric is better."""
    lower = [row.label for row in METRICS.values() if row.direction == "lower"]
    return f"Higher is better, except for {', '.join(lower)}." if lower else "Higher is better."
