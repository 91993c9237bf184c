"""What a trained tail, or the part of it before the classifier, answers to rows of features."""

from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt

from canting.features.store import Array, Store
from canting.train.balance import Rows

BATCH = 256
"""Rows that go into the model at once."""


def predict(model: keras.Model, store: Store, rows: Rows) -> npt.NDArray[np.float32]:
    """Return what a model answers, `(rows, outputs)`: the mean over the views of a test."""
    return mean_answers(model, store.test_views, rows)


def mean_answers(model: keras.Model, views: Sequence[Array], rows: Rows) -> npt.NDArray[np.float32]:
    """Return what a model answers, `(rows, outputs)`: the mean over views of features."""
    of_views = [answers(model, view, rows) for view in views]
    return np.asarray(np.mean(of_views, axis=0), dtype=np.float32)


def answers(model: keras.Model, view: Array, rows: Rows) -> npt.NDArray[np.float32]:
    """Return what a model answers to some rows of one view, `(rows, outputs)`."""
    if not len(rows):
        return np.zeros((0, model.output_shape[-1]), np.float32)
    batches = (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
    return np.concatenate(
        [np.asarray(model.predict_on_batch(np.asarray(view[batch]))) for batch in batches]
    )
