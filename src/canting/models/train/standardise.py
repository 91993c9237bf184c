"""Features standardised by the rows that are trained on, and a classifier of the plain ones."""

from typing import Any, NamedTuple, cast

import keras
import numpy as np
import numpy.typing as npt

from canting.models.features.store import Array, Derived
from canting.models.train.batches import Data, Rows

VARIANCE = 1e-3
"""Added to each variance, as Keras's batch normalisation adds it: a feature that hardly varies in
training must not decide elsewhere.
"""

ROWS = 4096
"""Rows that are read at once."""


class Standard(NamedTuple):
    """Mean and spread of each feature, `(channels,) float32`."""

    mean: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]


def standard_of(data: Data, rows: Rows) -> Standard:
    """Return the standard of the rows that are trained on, over all their views."""
    store = data.store
    views = [store.view(number) for number in range(store.augmented + 1)]
    parts = [rows[start : start + ROWS] for start in range(0, len(rows), ROWS)]
    total, squares = np.zeros(store.shape), np.zeros(store.shape)
    for values in (np.asarray(view[part], np.float64) for view in views for part in parts):
        total += values.sum(axis=0)
        squares += np.square(values).sum(axis=0)
    count = len(views) * len(rows)
    mean = total / count
    variance = np.maximum(squares / count - np.square(mean), 0) + VARIANCE
    return Standard(mean.astype(np.float32), np.sqrt(variance).astype(np.float32))


def standardised(data: Data, standard: Standard) -> Data:
    """Return data whose features have mean 0 and variance 1 over the rows of a standard."""
    store = Derived(data.store, lambda view: cast("Array", _View(view, standard)))
    return data._replace(store=store)


def fold_in(model: keras.Model, standard: Standard) -> None:
    """Change a classifier of standardised features into the same one of the plain features.

    What takes the model apart later, for a map of what decided, needs to know of no standard.
    """
    layer = model.get_layer("logits")
    kernel, bias = (np.asarray(values, np.float64) for values in layer.get_weights())
    kernel /= standard.spread[:, None]
    layer.set_weights([kernel, bias - standard.mean @ kernel])


class _View:
    def __init__(self, array: Array, standard: Standard) -> None:
        self._array, self._standard, self.shape = array, standard, array.shape

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: Any) -> npt.NDArray[np.float32]:
        values = np.asarray(self._array[rows], np.float32)
        return np.asarray((values - self._standard.mean) / self._standard.spread, np.float32)
