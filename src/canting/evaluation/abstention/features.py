"""Pooled features of all pictures, as the served model computes them."""

from collections.abc import Iterator, Sequence

import keras
import numpy as np
import numpy.typing as npt

from canting.models.features.drawn import opened
from canting.models.features.store import Array, Store
from canting.models.train import fold, grid, prediction
from canting.models.train.fold import FoldTask

Features = npt.NDArray[np.float32]
"""`(n, channels)`, rows in manifest order: the mean over the views of a test."""

ROWS = 4096
"""Pictures whose views are in memory at once."""


def pooled(tail: keras.Model, store: Store) -> Features:
    """Return the classifier's input in a trained tail, for every picture."""
    classified = tail.get_layer("dropout").input
    if classified is tail.input:
        return mean(store.test_views)
    inside = keras.Model(tail.input, classified)
    return prediction.predict(inside, store, np.arange(len(store.view(0))))


def mean(views: Sequence[Array]) -> Features:
    """Return the mean of some views of all pictures; that of one stays in its file."""
    if len(views) == 1:
        return np.asarray(views[0], dtype=np.float32)
    found = np.empty(views[0].shape, np.float32)
    for start in range(0, len(found), ROWS):
        rows = slice(start, start + ROWS)
        found[rows] = np.mean([view[rows] for view in views], axis=0)
    return found


def of_folds(tasks: Sequence[FoldTask], final: Features) -> Iterator[Features]:
    """Yield for each task, one a fold, the features of the tail that was trained without it.

    They are `final` for all where only a classifier is trained: then no picture has a say in them.
    """
    if _is_fixed(tasks[0]):
        yield from (final for _ in tasks)
        return
    grid.complete(tasks)
    for task in tasks:
        yield pooled(fold.rebuilt(task, grid.loaded(task).weights), opened(task.features))


def _is_fixed(task: FoldTask) -> bool:
    """Return whether the trunk's pooled features go into the classifier as they are."""
    return len(opened(task.features).shape) == 1 and task.params.train.hidden is None
