"""Pooled features of all pictures, as the served model gives them."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from canting.features.store import Array, Store
from canting.train import fold, grid
from canting.train.fold import Task

Features = npt.NDArray[np.float32]
"""`(n, channels)`, rows in manifest order: the mean over the views of a test."""


def pooled(tail: keras.Model, store: Store) -> Features:
    """Return what goes into the classifier of a trained tail, for every picture."""
    classified = tail.get_layer("dropout").input
    if classified is tail.input:
        return _mean(store.test_views)
    inside = keras.Model(tail.input, classified)
    return _mean([_answers(inside, view) for view in store.test_views])


def of_folds(tasks: Sequence[Task], final: Features) -> Iterator[Features]:
    """Yield for each task, one a fold, the features of the tail that was trained without it.

    They are `final` for all where only a classifier is trained: then no picture has a say in them.
    """
    if _is_fixed(tasks[0]):
        yield from (final for _ in tasks)
        return
    grid.complete(tasks)
    for task in tasks:
        yield pooled(fold.rebuilt(task, grid.loaded(task).weights), Store(task.features))


def _is_fixed(task: Task) -> bool:
    """Tell whether the trunk's pooled features go into the classifier as they are."""
    return len(Store(task.features).shape) == 1 and task.params.train.hidden is None


def _answers(model: keras.Model, view: Array) -> Features:
    parts = (np.asarray(view[at : at + 256]) for at in range(0, len(view), 256))
    return np.concatenate([np.asarray(model.predict_on_batch(part)) for part in parts])


def _mean(views: Sequence[npt.NDArray[Any]]) -> Features:
    return np.asarray(np.mean(views, axis=0), dtype=np.float32)
