"""The tables of the evaluate stage."""

from typing import Any

import numpy as np
import pandas as pd

from canting.core.errors import CantingError
from canting.evaluate import scores


class AllFailedError(CantingError):
    """No scenario came to an end."""

    def __init__(self, scenarios: pd.DataFrame) -> None:
        """Name the first failure."""
        first = scenarios.iloc[0]
        super().__init__(
            f"Expected predictions of at least one scenario. Received: none; in "
            f"{first['scenario']!r} {first['failure']}. Try a smaller `learning_rate`."
        )


def predicted(predictions: pd.DataFrame) -> pd.DataFrame:
    """Add to each out-of-fold prediction the predicted label and its probability."""
    likely = scores.probabilities(predictions)
    labels = np.asarray(scores.labels_of(predictions))
    return predictions.assign(
        predicted=labels[likely.argmax(axis=1)], probability=likely.max(axis=1)
    )


def fold_scores(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each scenario and fold: its scores and the number of pictures."""
    labels = scores.labels_of(predictions)
    rows = [
        {"scenario": scenario, "fold": fold, "pictures": len(part), **_scores(part, labels)}
        for (scenario, fold), part in predictions.groupby(["scenario", "fold"], sort=False)
    ]
    return pd.DataFrame(rows)


def scenario_scores(
    scenarios: pd.DataFrame, predictions: pd.DataFrame, curves: pd.DataFrame
) -> pd.DataFrame:
    """Return a row for each scenario that did not fail, the best macro F1 first.

    Scores are those of the confusion matrix summed over the folds; `…_std` is the standard
    deviation over the folds; `epochs_to_best` is the mean over the folds of the epoch with the
    smallest loss on the test part.
    """
    fine = scenarios[scenarios["failure"] == ""]
    if fine.empty:
        raise AllFailedError(scenarios)
    labels, folds = scores.labels_of(predictions), fold_scores(predictions)
    rows = []
    for scenario in fine.to_dict("records"):
        name = scenario["scenario"]
        spread = folds[folds["scenario"] == name][["accuracy", "macro_f1", "loss"]].std()
        rows.append(
            {
                **{key: value for key, value in scenario.items() if key != "failure"},
                **_scores(predictions[predictions["scenario"] == name], labels),
                **{f"{key}_std": float(value) for key, value in spread.items()},
                "epochs_to_best": epochs_to_best(curves[curves["scenario"] == name]),
            }
        )
    return pd.DataFrame(rows).sort_values("macro_f1", ascending=False, kind="stable")


def epochs_to_best(curves: pd.DataFrame) -> float:
    """Return the mean over the folds of the epoch with the smallest loss on the test part."""
    best = curves.loc[curves.groupby("fold")["val_loss"].idxmin(), "epoch"]
    return float(best.mean())


def _scores(predictions: pd.DataFrame, labels: list[str]) -> dict[str, Any]:
    counts = scores.confusion(predictions["label"], predictions["predicted"], labels)
    return {**scores.macro(counts), "loss": scores.log_loss(predictions)}


def metrics(ranking: pd.DataFrame, scenarios: pd.DataFrame) -> dict[str, Any]:
    """Return what DVC compares between runs: the scores of the scenario with the best macro F1."""
    keys = (
        "accuracy macro_precision macro_recall macro_f1 loss "
        "accuracy_std macro_f1_std loss_std epochs_to_best"
    )
    best = ranking.iloc[0]
    values = {key: float(best[key]) for key in keys.split()}
    failed = int((scenarios["failure"] != "").sum())
    return {**values, "scenario": best["scenario"], "scenarios": len(scenarios), "failed": failed}


def mean_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over the folds of loss and accuracy, a row an epoch."""
    columns = ["loss", "accuracy", "val_loss", "val_accuracy"]
    return curves.groupby("epoch", as_index=False)[columns].mean()
