"""Tables of the accuracy on changed pictures."""

import pandas as pd

from canting.config.columns import LABEL, PREDICTED
from canting.config.records import CorruptionMetrics
from canting.config.tables import CELL, CORRUPTIONS
from canting.evaluation.corruptions.measure import UNCHANGED
from canting.evaluation.statistics.inference import wilson

EVERY = ""
"""In the column `label`: all classes together."""


def accuracies(answers: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Return a row for each kind, level and class, and one for all classes together before these.

    Columns: kind, level, label, pictures, accuracy, low, high; the unchanged pictures come first.
    """
    rows = []
    for (kind, level), part in answers.groupby(CELL, sort=False):
        for label, ours in [(EVERY, part), *part.groupby(LABEL)]:
            hits = int((ours[LABEL] == ours[PREDICTED]).sum())
            low, high = wilson(hits, len(ours), confidence)
            rows.append((kind, level, label, len(ours), hits / len(ours), low, high))
    return pd.DataFrame(rows, columns=CORRUPTIONS)


def metrics(table: pd.DataFrame, scenario: str) -> CorruptionMetrics:
    """Return what DVC compares between runs: accuracy unchanged, corrupted, and by kind.

    The accuracy of a kind is the mean over its levels, the corrupted one the mean over the kinds.
    """
    every = table[table[LABEL] == EVERY]
    unchanged = every["kind"] == UNCHANGED.kind
    kinds = every[~unchanged].groupby("kind", sort=False)["accuracy"].mean()
    return {
        "scenario": scenario,
        "pictures": int(every["pictures"].iloc[0]),
        "accuracy": float(every.loc[unchanged, "accuracy"].item()),
        "corrupted_accuracy": float(kinds.mean()),
        "worst": str(kinds.idxmin()),
        "worst_accuracy": float(kinds.min()),
        "kinds": {str(name): float(value) for name, value in kinds.items()},
    }
