"""One training: a scenario on the training part of a fold, or on everything."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from canting.core import runtime
from canting.core.scenario import Scenario
from canting.core.sections import Train
from canting.features.store import Array, Store
from canting.logits import cross_entropy
from canting.train import tail
from canting.train.balance import Rows
from canting.train.batches import Batches, Data

INNER_PARTS = 8
"""One group-disjoint part in so many of the training rows decides on early stopping."""


class Curves(NamedTuple):
    """Loss and accuracy after each epoch, `(epochs,)`; on the test rows where there are any."""

    loss: list[float]
    accuracy: list[float]
    val_loss: list[float]
    val_accuracy: list[float]


class Fit(NamedTuple):
    """A trained tail, its curves, and the seconds that the training took."""

    model: keras.Model
    curves: Curves
    seconds: float


def fit(
    scenario: Scenario, data: Data, train: Rows, test: Rows, *, seed: int, settings: Train
) -> Fit:
    """Train a scenario on the rows `train`; `test` is only looked at, unflipped, for the curves.

    With `early_stopping`, training stops when the loss on an inner part of `train` has not improved
    for so many epochs, and goes back to the best epoch by that part: never by `test`.
    """
    runtime.seed_training(seed)
    watch, stopping = Watch(data, test), []
    callbacks = [keras.callbacks.TerminateOnNaN(), watch]
    if settings.early_stopping is not None:
        train, inner = _inner_split(data, train, seed)
        one_hot = np.eye(data.classes, dtype=np.float32)[data.targets[inner]]
        stopping = [np.asarray(data.store.view(0)[inner]), one_hot]
        callbacks.append(_stop_early(settings.early_stopping))
    batches = Batches(data, train, scenario.batch_size, seed, settings)
    model = tail.build(scenario, data.size, data.store.shape, data.classes)
    tail.compile_(model, scenario, settings, len(batches))
    if settings.weight_average is not None:
        callbacks.insert(0, keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    start = time.perf_counter()
    history = model.fit(
        batches,
        epochs=scenario.epochs,
        validation_data=tuple(stopping) or None,
        callbacks=callbacks,
        verbose=0,
    ).history
    seconds = time.perf_counter() - start - watch.seconds
    curves = Curves(history["loss"], history["accuracy"], watch.loss, watch.accuracy)
    return Fit(model, curves, seconds)


def _stop_early(patience: int) -> keras.callbacks.Callback:
    return keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)


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
        logits = _answers(self.model, self._data.store.view(0), self._rows)
        self.loss.append(cross_entropy(logits, self._data.targets[self._rows]))
        self.accuracy.append(float((logits.argmax(1) == self._data.targets[self._rows]).mean()))
        self.seconds += time.perf_counter() - start


def predict(model: keras.Model, store: Store, rows: Rows) -> npt.NDArray[np.float32]:
    """Return the logits, `(rows, classes)`: the mean over the views of a test."""
    return mean_logits(model, store.test_views, rows)


def mean_logits(model: keras.Model, views: Sequence[Array], rows: Rows) -> npt.NDArray[np.float32]:
    """Return the logits of some rows, `(rows, classes)`: the mean over views of features."""
    logits = [_answers(model, view, rows) for view in views]
    return np.asarray(np.mean(logits, axis=0), dtype=np.float32)


def _answers(model: keras.Model, view: Array, rows: Rows) -> npt.NDArray[np.float32]:
    answers = [
        np.asarray(model.predict_on_batch(np.asarray(view[rows[start : start + 256]])))
        for start in range(0, len(rows), 256)
    ]
    return np.concatenate(answers)


def _inner_split(data: Data, rows: Rows, seed: int) -> tuple[Rows, Rows]:
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(INNER_PARTS, shuffle=True, random_state=seed)
    train, stop = next(splitter.split(rows, data.targets[rows], data.groups[rows]))
    return rows[train], rows[stop]
