"""One training: a scenario on the training part of a fold, or on everything."""

import random
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.core import runtime
from canting.models.train import tail
from canting.models.train.backup import Backup
from canting.models.train.batches import Batches, Data, Rows
from canting.models.train.prediction import Watch

INNER_PARTS = 8
"""One group-disjoint part in so many of the training rows decides on early stopping."""


class Curves(NamedTuple):
    """Loss and accuracy after each epoch, `(epochs,)`; on the test rows where there are any."""

    loss: list[float]
    accuracy: list[float]
    val_loss: list[float]
    val_accuracy: list[float]


class Fit(NamedTuple):
    """A trained tail, its curves, and the seconds that the training took.

    `earlier_cpu_seconds` are those of the processor in processes that were killed.
    """

    model: keras.Model
    curves: Curves
    seconds: float
    earlier_cpu_seconds: float


def fit(
    scenario: Scenario,
    data: Data,
    train: Rows,
    test: Rows,
    *,
    seed: int,
    settings: Train,
    backup: Path | None = None,
) -> Fit:
    """Train a scenario on the rows `train`; `test` is only looked at, unflipped, for the curves.

    With `early_stopping`, training stops when the loss on an inner part of `train` has not improved
    for so many epochs, and goes back to the best epoch by that part: never by `test`. At `backup`
    the state is kept; what a killed training left there is gone on with, to the same end.
    """
    runtime.seed_training(seed)
    watch, patience = Watch(data, test), settings.early_stopping
    inner, stopping = None, None
    if patience is not None:
        train, rows = _inner_split(data, train, seed)
        one_hot = np.eye(data.classes, dtype=np.float32)[data.targets[rows]]
        inner = np.asarray(data.store.view(0)[rows]), one_hot
        stopping = _stop_early(patience)
    batches = Batches(data, train, scenario.batch_size, seed, settings)
    model = tail.build(scenario, data.size, data.store.shape, data.classes, settings.hidden)
    tail.compile_(model, scenario, settings, len(batches))
    keeper = Backup(backup, watch, stopping)
    batches.start(keeper.start.epochs)
    _skip_orders(len(batches), keeper.start.epochs)
    average = settings.weight_average is not None
    callbacks = [
        *([keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if average else []),
        keras.callbacks.TerminateOnNaN(),
        watch,
        *([stopping] if stopping else []),
        keeper,
    ]
    model.fit(
        batches,
        initial_epoch=keeper.start.epochs,
        epochs=scenario.epochs,
        validation_data=inner,
        callbacks=callbacks,
        verbose=0,
    )
    history = keeper.history
    curves = Curves(history["loss"], history["accuracy"], watch.loss, watch.accuracy)
    return Fit(model, curves, keeper.seconds, keeper.start.cpu_seconds)


def _skip_orders(batches: int, epochs: int) -> None:
    """Draw the orders of earlier epochs: Keras shuffles batches by Python's random numbers."""
    for _ in range(epochs):
        random.shuffle(list(range(batches)))


def _stop_early(patience: int) -> keras.callbacks.Callback:
    return keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)


def _inner_split(data: Data, rows: Rows, seed: int) -> tuple[Rows, Rows]:
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(INNER_PARTS, shuffle=True, random_state=seed)
    train, stop = next(splitter.split(rows, data.targets[rows], data.groups[rows]))
    return rows[train], rows[stop]
