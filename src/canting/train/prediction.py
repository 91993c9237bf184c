"""What a trained tail answers to rows of features."""

from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt

from canting.features.store import Array, Store
from canting.train.balance import Rows

BATCH = 256


def predict(model: keras.Model, store: Store, rows: Rows) -> npt.NDArray[np.float32]:
    """Return the logits, `(rows, classes)`: the mean over the views of a test."""
    return mean_logits(model, store.test_views, rows)


def mean_logits(model: keras.Model, views: Sequence[Array], rows: Rows) -> npt.NDArray[np.float32]:
    """Return the logits of some rows, `(rows, classes)`: the mean over views of features."""
    logits = [answers(model, view, rows) for view in views]
    return np.asarray(np.mean(logits, axis=0), dtype=np.float32)


def answers(model: keras.Model, view: Array, rows: Rows) -> npt.NDArray[np.float32]:
    """Return the logits of some rows of one view, `(rows, classes)`."""
    if not len(rows):
        return np.zeros((0, model.output_shape[-1]), np.float32)
    batches = (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
    return np.concatenate(
        [np.asarray(model.predict_on_batch(np.asarray(view[batch]))) for batch in batches]
    )
