"""The tables of scores: by fold, by scenario, by class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from canting.bundle.logits import softmax
from canting.config.columns import CURVES, FOLD, LABEL, PATH, PREDICTED, SCENARIO
from canting.config.metrics import METRICS, USUAL, averaged, ends_of, mean_of, std_of
from canting.config.records import EvaluateMetrics
from canting.config.tables import COLLECTION, ELSEWHERE, REPEAT, STABILITY
from canting.evaluation.statistics.inference import interval
from canting.models import scores


def predicted(predictions: pd.DataFrame) -> pd.DataFrame:
    """Add to each out-of-fold prediction the predicted label and its probability."""
    likely = softmax(scores.logits_of(predictions))
    labels = np.asarray(scores.labels_of(predictions), dtype=object)
    return predictions.assign(
        predicted=labels[likely.argmax(axis=1)], probability=likely.max(axis=1)
    )


def fold_scores(predictions: pd.DataFrame, collections: Sequence[str] = ()) -> pd.DataFrame:
    """Return a row for each scenario and fold: its scores and the number of pictures.

    Of several draws, told apart by `repeat`, each fold of each has a row. Where all draws have the
    same folds, as collections are, a row is the mean over the draws: to train again on one fold
    brings no further pictures, and no test may count it as one more. Where each fold leaves a
    collection out, a column names it.
    """
    keys = [SCENARIO, *([REPEAT] if REPEAT in predictions else []), FOLD]
    rows = [
        {**dict(zip(keys, of, strict=True)), "pictures": len(part), **_scores(part, averaged())}
        for of, part in predictions.groupby(keys, sort=False)
    ]
    table = pd.DataFrame(rows)
    if REPEAT in keys and predictions.groupby(PATH)[FOLD].nunique().max() == 1:
        means = table.groupby([SCENARIO, FOLD], sort=False).mean().reset_index()
        table = means.drop(columns=REPEAT).astype({"pictures": int})
    if collections:
        table.insert(2, COLLECTION, [collections[fold] for fold in table[FOLD]])
    return table


def first_draw(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions of the first draw of the folds, without a column `repeat`."""
    if REPEAT not in predictions:
        return predictions
    return predictions[predictions[REPEAT] == 1].drop(columns=REPEAT).reset_index(drop=True)


def pooled_scores(predictions: pd.DataFrame) -> dict[str, float]:
    """Return the scores of a scenario's predictions of all folds together.

    Of several draws, the mean of each score over them, and as `stability` the standard deviation of
    macro F1: how much of a difference the draw of folds and weights makes by itself.
    """
    if REPEAT not in predictions:
        return _scores(predictions)
    draws = pd.DataFrame([_scores(part) for _, part in predictions.groupby(REPEAT)])
    means = {name: float(draws[name].mean()) for name in METRICS}
    return {**means, STABILITY: float(draws[USUAL].std(ddof=1))}


def scenario_scores(
    scenarios: pd.DataFrame, predictions: pd.DataFrame, curves: pd.DataFrame, confidence: float
) -> pd.DataFrame:
    """Return a row for each scenario, the best pooled macro F1 first.

    A metric's own column is pooled: of the predictions of all folds together, macro F1 from the
    confusion matrix summed over the folds, as its mean over them is biased (Forman and Scholz,
    SIGKDD Explorations 12, 2010). `…_mean` and `…_std` are mean and standard deviation over the
    folds, `…_mean_low` to `…_mean_high` the interval of that mean; `epochs_to_best` is the mean
    over the folds of the epoch with the smallest loss on the test part. Where the folds were drawn
    several times, means are over the folds of all draws, and the others are as in `pooled_scores`.
    """
    by_name = predictions.groupby(SCENARIO, sort=False)
    pooled = pd.DataFrame({name: pooled_scores(part) for name, part in by_name}).T
    parts = fold_scores(predictions).groupby(SCENARIO, sort=False)
    means = pd.DataFrame({name: over_folds(part, confidence) for name, part in parts}).T
    epochs = curves.groupby(SCENARIO, sort=False)[[FOLD, "epoch", "val_loss"]]
    columns = pooled.join(means).assign(epochs_to_best=epochs.apply(epochs_to_best))
    table = scenarios.join(columns, on=SCENARIO)
    return table.sort_values(USUAL, ascending=False, kind="stable", ignore_index=True)


def epochs_to_best(curves: pd.DataFrame) -> float:
    """Return the mean over the folds of the epoch with the smallest loss on the test part."""
    best = curves.loc[curves.groupby(FOLD)["val_loss"].idxmin(), "epoch"]
    return float(best.mean())


def class_scores(predictions: pd.DataFrame, names: "pd.Series[str]") -> pd.DataFrame:
    """Return a row for each class of each scenario, the scenarios in the order of `names`."""
    labels = scores.labels_of(predictions)
    parts = dict(iter(predictions.groupby(SCENARIO, sort=False)))
    found = [scores.per_class(confusion(parts[name]), labels) for name in names]
    table = pd.concat(found, ignore_index=True)
    table.insert(0, SCENARIO, np.repeat(names.to_numpy(), len(labels)))
    return table


def confusion(predictions: pd.DataFrame) -> scores.Counts:
    """Return the confusion matrix of predictions, the classes in the order of the logits."""
    labels = scores.labels_of(predictions)
    return scores.confusion(predictions[LABEL], predictions[PREDICTED], labels)


def metrics(ranking: pd.DataFrame, failed: int) -> EvaluateMetrics:
    """Return what DVC compares between runs: the scores of the scenario with the best macro F1."""
    best = ranking.iloc[0]
    values = {**named(best), "epochs_to_best": float(best["epochs_to_best"])}
    count = len(ranking) + failed
    return {**values, "scenario": best[SCENARIO], "scenarios": count, "failed": failed}


def mean_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over the folds of loss and accuracy, a row an epoch."""
    return curves.groupby("epoch", as_index=False)[CURVES].mean()


def named(row: "pd.Series[Any]") -> dict[str, float]:
    """Return every pooled score of a row of scenarios, and mean and spread over the folds.

    Where the folds were drawn several times, the spread over the draws too; where other collections
    were asked about, the scores on these.
    """
    means = [column(name) for name in averaged() for column in (mean_of, std_of)]
    other = [name for name in (STABILITY, *ELSEWHERE) if name in row]
    return {name: float(row[name]) for name in (*METRICS, *means, *other)}


def over_folds(folds: pd.DataFrame, confidence: float) -> dict[str, float]:
    """Return mean, standard deviation and interval of every metric over the rows of a scenario."""
    found, drawn = {}, int(folds[FOLD].nunique())
    for name in averaged():
        values = folds[name].to_numpy(np.float64)
        ends, row, (low, high) = interval(values, confidence, drawn), METRICS[name], ends_of(name)
        found[mean_of(name)], found[std_of(name)] = ends.mean, float(values.std(ddof=1))
        found[low], found[high] = max(row.least, ends.low), min(row.most, ends.high)
    return found


def _scores(predictions: pd.DataFrame, names: tuple[str, ...] | None = None) -> dict[str, float]:
    return scores.values(scores.answers_of(predictions), names)
