"""The winner's abstention, and samples that it classifies confidently."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd

from canting.bundle.unlikeness import Array, energy
from canting.config.columns import LABEL, PATH, PREDICTED
from canting.config.refusals import AbstentionRecord
from canting.data import manifest
from canting.data.manifest import HELD_OUT
from canting.evaluation.abstention import features, fit, record
from canting.evaluation.abstention.fit import FittedAbstention, Known
from canting.evaluation.select_best.refit import Refit
from canting.models.features.drawn import opened
from canting.models.scores import logits_of
from canting.models.train.fold import FoldTask


class Doubt(NamedTuple):
    """The abstention of a bundle.

    `card` is what the card says of it, nothing where it is switched off; `record` is for
    `abstention.json`; `right` has the rows of the table of folds that were answered, and right, out
    of fold. `scored` has a row for each picture that a fold tests: `path`, `distance` in units of
    the threshold, missing where it is switched off, and whether it was `refused`.
    """

    prototypes: Array
    card: AbstentionRecord | None
    record: dict[str, object]
    right: pd.DataFrame
    scored: pd.DataFrame


def doubt(
    task: FoldTask, final: Refit, predictions: pd.DataFrame, collections: Sequence[str] = ()
) -> Doubt:
    """Fix the abstention of the winner; `predictions` are its own, out of fold.

    Where the folds are `collections`, weak logits are refused too. They are not where folds are of
    one draw: nothing was measured there that says by how much they weaken elsewhere.
    """
    pooled = features.pooled(final.tail, opened(task.features))
    of_folds = features.of_folds(of_all_folds(task), pooled)
    energies = _energies(task, predictions) if collections else None
    return of_features(
        task, final.model, pooled, of_folds, predictions, collections, energies=energies
    )


def of_all_folds(task: FoldTask) -> list[FoldTask]:
    """Return the task of a scenario for each fold."""
    return [task._replace(fold=number) for number in range(task.params.folds)]


def of_features(
    task: FoldTask,
    model: keras.Model,
    pooled: Array,
    of_folds: Iterable[Array],
    predictions: pd.DataFrame,
    collections: Sequence[str] = (),
    *,
    energies: Any = None,
) -> Doubt:
    """Fix the abstention of a whole model from its pooled features, and those of each fold.

    `collections` are the names of the folds where these are collections; `energies`, `(n,)`, those
    of the logits where weak ones are refused too.
    """
    guessed = predictions.set_index(PATH)[PREDICTED].reindex(task.table[PATH])
    right = guessed.to_numpy(object) == task.table[LABEL].to_numpy(object)
    wanted = task.params.abstain.false_refusal
    if wanted is None:
        none = np.zeros((0, pooled.shape[1]), np.float32)
        return Doubt(none, None, {"wanted": None}, task.table[right], _unscored(task.table))
    fixed, known = _fixed(task, pooled, of_folds, wanted, energies)
    refused = np.zeros(len(right), dtype=bool)
    refused[known.inside] = fixed.refused
    refused_kinds = record.refused(model, fixed, task.params.image_size)
    card: AbstentionRecord = {**fixed.record(), "refused": refused_kinds}
    if collections:
        card["collections"] = list(collections)
    labels = task.table[LABEL].to_numpy(object)[known.inside]
    outcome = record.outcome(fixed, labels, right[known.inside])
    if collections:
        outcome["false_refusal_by_collection"] = _by_collection(fixed, known, collections)
    content = {**card, **outcome}
    paths = task.table[PATH][known.inside]
    scored = _scored(paths, fixed.distances, fixed.refused)
    return Doubt(fixed.prototypes, card, content, task.table[right & ~refused], scored)


def _energies(task: FoldTask, predictions: pd.DataFrame) -> Any:
    """Return the energies of all pictures, `(n,)`, in the order of the table; NaN if held out."""
    found = pd.Series(energy(logits_of(predictions)), predictions[PATH].to_numpy())
    return found.reindex(task.table[PATH]).to_numpy(np.float64)


def _by_collection(
    fixed: FittedAbstention, known: Known, collections: Sequence[str]
) -> dict[str, float]:
    folds = known.folds[known.inside]
    return {
        name: float(fixed.refused[folds == number].mean())
        for number, name in enumerate(collections)
    }


def _scored(paths: "pd.Series[str]", distances: Any, refused: Any) -> pd.DataFrame:
    return pd.DataFrame({PATH: paths.to_numpy(), "distance": distances, "refused": refused})


def _unscored(table: pd.DataFrame) -> pd.DataFrame:
    return _scored(table[PATH][manifest.tested_folds(table) != HELD_OUT], np.nan, False)


def _fixed(
    task: FoldTask, pooled: Array, of_folds: Iterable[Array], wanted: float, energies: Any
) -> tuple[FittedAbstention, Known]:
    known = Known(manifest.codes(task.table), manifest.tested_folds(task.table))
    return fit.fit(pooled, of_folds, known, wanted, task.params.seed, energies), known
