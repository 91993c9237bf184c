"""Prediction with a trained tail, or with its part before the classifier."""

import math
import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from canting.bundle.logits import cross_entropy
from canting.models.features.store import Array, Store
from canting.models.train.batches import Data, Rows

BATCH = 256
"""Rows that go into the model at once, at most."""

COLOURS = 3
"""Channels of what goes into a whole network; no trunk answers with so few."""

ACTIVATIONS = 2**31
"""Numbers that all layers give for the pictures that go into a whole network at once, at most.

They take 8 GiB, were they all kept; as they are not, some 1 GiB.
"""


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
    size = _batch(model)
    batches = (rows[start : start + size] for start in range(0, len(rows), size))
    return np.concatenate(
        [np.asarray(model.predict_on_batch(np.asarray(view[batch]))) for batch in batches]
    )


def _batch(model: keras.Model) -> int:
    if model.input_shape[-1] != COLOURS:
        return BATCH
    return max(1, min(BATCH, ACTIVATIONS // _activations(model.get_layer("tail"))))


def _activations(model: keras.Model) -> int:
    """Return how many numbers all layers give for one picture."""
    return sum(
        _activations(layer) if isinstance(layer, keras.Model) else math.prod(layer.output.shape[1:])
        for layer in model.layers
    )


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Records loss and accuracy on the test rows after each epoch, and the seconds that took."""

    def __init__(self, data: Data, rows: Rows) -> None:
        """Take the rows to look at; none are looked at where there are none."""
        super().__init__()
        self._data, self._rows = data, rows
        self.loss: list[float] = []
        self.accuracy: list[float] = []
        self.seconds = 0.0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Look at the test rows."""
        if not len(self._rows):
            return
        start = time.perf_counter()
        every = answers(self.model, self._data.store.view(0), self._rows)
        logits = every[:, : self._data.classes]
        self.loss.append(cross_entropy(logits, self._data.targets[self._rows]))
        self.accuracy.append(float((logits.argmax(1) == self._data.targets[self._rows]).mean()))
        self.seconds += time.perf_counter() - start
