"""The tables of scores: by fold, by scenario, by class."""

from typing import Any

import numpy as np
import pandas as pd

from canting.bundle.logits import softmax
from canting.evaluation.evaluate import scores
from canting.evaluation.statistics.inference import half_width

SCORES = ("accuracy", "macro_precision", "macro_recall", "macro_f1", "loss")
"""Columns of scores, in the order of the tables."""


def predicted(predictions: pd.DataFrame) -> pd.DataFrame:
    """Add to each out-of-fold prediction the predicted label and its probability."""
    likely = softmax(scores.logits_of(predictions))
    labels = np.asarray(scores.labels_of(predictions), dtype=object)
    return predictions.assign(
        predicted=labels[likely.argmax(axis=1)], probability=likely.max(axis=1)
    )


def fold_scores(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each scenario and fold: its scores and the number of pictures."""
    rows = [
        {"scenario": scenario, "fold": fold, "pictures": len(part), **_scores(part)}
        for (scenario, fold), part in predictions.groupby(["scenario", "fold"], sort=False)
    ]
    return pd.DataFrame(rows)


def scenario_scores(
    scenarios: pd.DataFrame, predictions: pd.DataFrame, curves: pd.DataFrame, confidence: float
) -> pd.DataFrame:
    """Return a row for each scenario, the best macro F1 first.

    Scores are those of all folds together, precision, recall and F1 from the confusion matrix
    summed over the folds: their mean over the folds would be biased (Forman and Scholz, SIGKDD
    Explorations 12, 2010). `…_std` is the standard deviation over the folds, `…_low` to `…_high`
    the score with the half width that the folds give; `epochs_to_best` is the mean over the folds
    of the epoch with the smallest loss on the test part.
    """
    by_name = predictions.groupby("scenario", sort=False)
    together = pd.DataFrame({name: _scores(part) for name, part in by_name}).T
    parts = fold_scores(predictions).groupby("scenario", sort=False)
    spread = pd.DataFrame(
        {name: _spread(together.loc[name], part, confidence) for name, part in parts}
    ).T
    epochs = curves.groupby("scenario", sort=False)[["fold", "epoch", "val_loss"]]
    columns = together.join(spread).assign(epochs_to_best=epochs.apply(epochs_to_best))
    table = scenarios.join(columns, on="scenario")
    return table.sort_values("macro_f1", ascending=False, kind="stable", ignore_index=True)


def epochs_to_best(curves: pd.DataFrame) -> float:
    """Return the mean over the folds of the epoch with the smallest loss on the test part."""
    best = curves.loc[curves.groupby("fold")["val_loss"].idxmin(), "epoch"]
    return float(best.mean())


def class_scores(predictions: pd.DataFrame, names: "pd.Series[str]") -> pd.DataFrame:
    """Return a row for each class of each scenario, the scenarios in the order of `names`."""
    labels = scores.labels_of(predictions)
    parts = dict(iter(predictions.groupby("scenario", sort=False)))
    found = [scores.per_class(confusion(parts[name]), labels) for name in names]
    table = pd.concat(found, ignore_index=True)
    table.insert(0, "scenario", np.repeat(names.to_numpy(), len(labels)))
    return table


def confusion(predictions: pd.DataFrame) -> scores.Counts:
    """Return the confusion matrix of predictions, the classes in the order of the logits."""
    labels = scores.labels_of(predictions)
    return scores.confusion(predictions["label"], predictions["predicted"], labels)


def metrics(ranking: pd.DataFrame, failed: int) -> dict[str, Any]:
    """Return what DVC compares between runs: the scores of the scenario with the best macro F1."""
    keys = (*SCORES, "accuracy_std", "macro_f1_std", "loss_std", "epochs_to_best")
    best = ranking.iloc[0]
    values = {key: float(best[key]) for key in keys}
    count = len(ranking) + failed
    return {**values, "scenario": best["scenario"], "scenarios": count, "failed": failed}


def mean_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over the folds of loss and accuracy, a row an epoch."""
    columns = ["loss", "accuracy", "val_loss", "val_accuracy"]
    return curves.groupby("epoch", as_index=False)[columns].mean()


def _scores(predictions: pd.DataFrame) -> dict[str, float]:
    return {**scores.macro(confusion(predictions)), "loss": scores.log_loss(predictions)}


def _spread(together: "pd.Series[float]", folds: pd.DataFrame, confidence: float) -> dict[str, Any]:
    found = {}
    for key in SCORES:
        values, most = folds[key].to_numpy(np.float64), np.inf if key == "loss" else 1.0
        half = half_width(values, confidence)
        found[f"{key}_std"] = float(values.std(ddof=1))
        found[f"{key}_low"] = max(0.0, together[key] - half)
        found[f"{key}_high"] = min(most, together[key] + half)
    return found
