"""All members, trained on all folds, as one model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.bundle.ensemble import averaged
from canting.config.records import MemberRecord, Scores
from canting.data.manifest import HELD_OUT, tested_folds
from canting.evaluation.abstention import features
from canting.evaluation.abstention.features import Features
from canting.evaluation.ensemble.graph import joined
from canting.evaluation.ensemble.left_out import LeftOut
from canting.evaluation.select_best import doubt, refit
from canting.evaluation.select_best.doubt import Doubt
from canting.models.features.drawn import opened
from canting.models.train import grid
from canting.models.train.fold import FoldTask


class Shipped(NamedTuple):
    """What a bundle is made of: model, the classifier's arrays, hold-out, abstention, members."""

    model: keras.Model
    arrays: Mapping[str, npt.NDArray[np.float32]]
    hold_out: Scores | None
    doubt: Doubt
    members: tuple[MemberRecord, ...] = ()


def shipped(
    tasks: Sequence[FoldTask], predictions: pd.DataFrame, left: LeftOut | None = None
) -> Shipped:
    """Train the winner, a task a member; `predictions` are its own, out of fold."""
    if len(tasks) > 1:
        return ensemble(tasks, predictions, left)
    return single(tasks[0], predictions, left)


def single(task: FoldTask, predictions: pd.DataFrame, left: LeftOut | None = None) -> Shipped:
    """Train one scenario; `predictions` are its own, out of fold.

    Refusals are fixed on these, or on collections that were left out.
    """
    final = refit.refit(task)
    if left is None:
        found = doubt.doubt(task, final, predictions)
    else:
        found = doubt.doubt(left.tasks[0], final, left.predictions, left.collections)
    return Shipped(final.model, refit.classifier(final), final.hold_out, found)


class ScaledParts(NamedTuple):
    """Pooled features of each member's final tail, and what they are divided by."""

    each: list[Features]
    scales: list[float]


def scaled(tasks: Sequence[FoldTask], finals: Sequence[refit.Refit]) -> ScaledParts:
    """Return the features of all members, and scales that give each the same weight.

    A network alone stays as it is.
    """
    each = [features.pooled(one.tail, opened(task.features)) for one, task in _pairs(finals, tasks)]
    if len(each) == 1:
        return ScaledParts(each, [1.0])
    inside = tested_folds(tasks[0].table) != HELD_OUT
    return ScaledParts(each, [float(np.abs(one[inside]).sum(axis=1).mean()) for one in each])


def ensemble(
    tasks: Sequence[FoldTask], predictions: pd.DataFrame, left: LeftOut | None = None
) -> Shipped:
    """Train every member; `tasks` are theirs, `predictions` the ensemble's own, out of fold.

    Refusals are fixed on these, or on collections that were left out. They are by the features
    alone: the logits of an ensemble are logarithms of probabilities, whose energy is always 0.
    Each member's feature is divided by its mean sum over the pictures, so that every member has
    the same weight in the distance to the training pictures.
    """
    finals = [refit.refit(task) for task in tasks]
    each, scales = parts = scaled(tasks, finals)
    model = joined([one.model for one in finals], scales)
    asked, ours, names = (tasks, predictions, ()) if left is None else left
    of_folds = side_by_side(asked, parts)
    found = doubt.of_features(asked[0], model, _scaled(each, scales), of_folds, ours, names)
    members: tuple[MemberRecord, ...] = tuple(
        {"scenario": task.scenario.model_dump(), "channels": one.shape[1]}
        for one, task in _pairs(each, tasks)
    )
    return Shipped(model, _classifier(finals, scales), _hold_out(tasks), found, members)


def _pairs(values: Sequence[Any], others: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(values, others, strict=True)


def _scaled(each: Sequence[Features], scales: Sequence[float]) -> Features:
    parts = [values / np.float32(scale) for values, scale in _pairs(each, scales)]
    return np.concatenate(parts, axis=1)


def side_by_side(tasks: Sequence[FoldTask], parts: ScaledParts) -> Iterator[Features]:
    """Yield for each fold the features of the members' tails that were trained without it."""
    each, scales = parts
    folds = [features.of_folds(doubt.of_all_folds(task), one) for one, task in _pairs(each, tasks)]
    for found in zip(*folds, strict=True):
        yield _scaled(found, scales)


def _classifier(
    finals: Sequence[refit.Refit], scales: Sequence[float]
) -> dict[str, npt.NDArray[np.float32]]:
    """Return `kernel` `(channels of all, classes)` and `bias` `(members, classes)`."""
    parts = [refit.classifier(one) for one in finals]
    kernels = [part["kernel"] * np.float32(scale) for part, scale in _pairs(parts, scales)]
    return {"kernel": np.concatenate(kernels), "bias": np.stack([one["bias"] for one in parts])}


def _hold_out(tasks: Sequence[FoldTask]) -> Scores | None:
    outcomes = [grid.loaded(task) for task in tasks]
    logits, rows = np.stack([one.logits for one in outcomes]), outcomes[0].rows
    return refit.score(tasks[0], averaged(logits), rows) if len(rows) else None
