"""The winner's abstention, and samples that it classifies confidently."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd

from canting.bundle.unlikeness import Array
from canting.config.columns import FOLD, LABEL, PATH, PREDICTED
from canting.config.records import AbstentionRecord
from canting.data.manifest import HELD_OUT
from canting.evaluation.abstention import features, fit, record
from canting.evaluation.abstention.fit import FittedAbstention, Known
from canting.evaluation.select_best.refit import Refit
from canting.models.features.drawn import opened
from canting.models.train.fold import FoldTask


class Doubt(NamedTuple):
    """The abstention of a bundle.

    `card` is what the card says of it, nothing where it is switched off; `record` is for
    `abstention.json`; `right` has the rows of the table of folds that were answered, and right, out
    of fold. `scored` has a row for each picture in folds: `path`, `distance` in units of the
    threshold, missing where it is switched off, and whether it was `refused`.
    """

    prototypes: Array
    card: AbstentionRecord | None
    record: dict[str, object]
    right: pd.DataFrame
    scored: pd.DataFrame


def doubt(task: FoldTask, final: Refit, predictions: pd.DataFrame) -> Doubt:
    """Fix the abstention of the winner; `predictions` are its own, out of fold."""
    pooled = features.pooled(final.tail, opened(task.features))
    of_folds = features.of_folds(of_all_folds(task), pooled)
    return of_features(task, final.model, pooled, of_folds, predictions)


def of_all_folds(task: FoldTask) -> list[FoldTask]:
    """Return the task of a scenario for each fold."""
    return [task._replace(fold=number) for number in range(task.params.folds)]


def of_features(
    task: FoldTask,
    model: keras.Model,
    pooled: Array,
    of_folds: Iterable[Array],
    predictions: pd.DataFrame,
) -> Doubt:
    """Fix the abstention of a whole model from its pooled features, and those of each fold."""
    guessed = predictions.set_index(PATH)[PREDICTED].reindex(task.table[PATH])
    right = guessed.to_numpy(object) == task.table[LABEL].to_numpy(object)
    wanted = task.params.abstain.false_refusal
    if wanted is None:
        none = np.zeros((0, pooled.shape[1]), np.float32)
        return Doubt(none, None, {"wanted": None}, task.table[right], _unscored(task.table))
    fixed, known = _fixed(task, pooled, of_folds, wanted)
    refused = np.zeros(len(right), dtype=bool)
    refused[known.inside] = fixed.refused
    refused_kinds = record.refused(model, fixed, task.params.image_size)
    card: AbstentionRecord = {**fixed.record(), "refused": refused_kinds}
    labels = task.table[LABEL].to_numpy(object)[known.inside]
    content = {**card, **record.outcome(fixed, labels, right[known.inside])}
    paths = task.table[PATH][known.inside]
    scored = _scored(paths, fixed.scores / fixed.threshold, fixed.refused)
    return Doubt(fixed.prototypes, card, content, task.table[right & ~refused], scored)


def _scored(paths: "pd.Series[str]", distances: Any, refused: Any) -> pd.DataFrame:
    return pd.DataFrame({PATH: paths.to_numpy(), "distance": distances, "refused": refused})


def _unscored(table: pd.DataFrame) -> pd.DataFrame:
    return _scored(table[PATH][table[FOLD] != HELD_OUT], np.nan, False)


def _fixed(
    task: FoldTask, pooled: Array, of_folds: Iterable[Array], wanted: float
) -> tuple[FittedAbstention, Known]:
    codes = pd.Categorical(task.table[LABEL], task.classes).codes.astype(np.int64)
    known = Known(codes, task.table[FOLD].to_numpy(np.int64))
    return fit.fit(pooled, of_folds, known, wanted, task.params.seed), known
