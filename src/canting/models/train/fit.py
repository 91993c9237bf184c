"""One training: a scenario on the training part of a fold, or on everything."""

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.core import runtime
from canting.models.train import prediction
from canting.models.train.backup import Backup
from canting.models.train.batches import Batches, Data, Rows
from canting.models.train.prediction import Watch
from canting.models.train.standardise import fold_in, standard_of, standardised
from canting.models.train.trainer import Trainer, kept, key_of

INNER_PARTS = 8
"""One group-disjoint part in so many of the training rows decides on early stopping."""


class Curves(NamedTuple):
    """Loss and accuracy after each epoch, `(epochs,)`; on the test rows where there are any."""

    loss: list[float]
    accuracy: list[float]
    val_loss: list[float]
    val_accuracy: list[float]


class Fit(NamedTuple):
    """A trained tail, its logits of the test rows, its curves, and the seconds of its training.

    The tail has an output more where there are pictures of no class; the logits are of the classes.
    `earlier_cpu_seconds` are those of the processor in processes that were killed.
    """

    model: keras.Model
    logits: npt.NDArray[np.float32]
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
    stopping, inner, standard = None, None, None
    if settings.early_stopping is not None:
        train, inner = _inner_split(data, train, seed)
        stopping = _stop_early(settings.early_stopping)
    if settings.standardise:
        standard = standard_of(data, train)
        data = standardised(data, standard)
    watch = Watch(data, test)
    batches = Batches(data, train, scenario.batch_size, seed, settings)
    key = key_of(scenario, settings, data)
    model = key.build(scenario)
    orders = _orders(len(batches), scenario.epochs)
    # A classifier's graph is kept: to trace it takes longer than to use it.
    whole = scenario.has_tail
    trainer = Trainer(model, scenario, settings) if whole else kept(key, scenario, data)
    trainer.start(scenario, settings, len(batches))
    trainer.take(model)
    keeper = Backup(backup, watch, stopping)
    average = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    callbacks = [average] if settings.weight_average is not None else []
    callbacks += [watch, stopping, keeper] if stopping else [watch, keeper]
    called = keras.callbacks.CallbackList(
        callbacks, add_history=True, model=trainer.model, epochs=scenario.epochs
    )
    look = None if inner is None else lambda: {"val_loss": _loss(trainer, data, inner)}
    _train(trainer, batches, orders, keeper.start.epochs, called, look)
    history = keeper.history
    curves = Curves(history["loss"], history["accuracy"], watch.loss, watch.accuracy)
    logits = trainer.logits(data, test)
    model.set_weights(trainer.model.get_weights())
    if standard is not None:
        fold_in(model, standard)
    return Fit(model, logits, curves, keeper.seconds, keeper.start.cpu_seconds)


def _orders(batches: int, epochs: int) -> list[list[int]]:
    """Draw an order of the batches for each epoch, as Keras's `fit` draws it."""
    orders = [list(range(batches)) for _ in range(epochs)]
    for order in orders:
        random.shuffle(order)
    return orders


def _train(
    trainer: Trainer,
    batches: Batches,
    orders: Sequence[Sequence[int]],
    start: int,
    called: keras.callbacks.CallbackList,
    look: Callable[[], dict[str, float]] | None,
) -> None:
    """Train from epoch `start` as Keras's `fit` does; `look` is called as its validation is."""
    model = trainer.model
    model.stop_training = False
    called.on_train_begin()
    for epoch in range(start, len(orders)):
        called.on_epoch_begin(epoch)
        batches.start(epoch + 1)
        logs = trainer.epoch(batches, orders[epoch])
        if look is not None:
            called.on_test_begin()
            logs |= look()
            called.on_test_end()
        called.on_epoch_end(epoch, logs)
        if model.stop_training or not math.isfinite(logs["loss"]):
            break
    model.optimizer.finalize_variable_values(model.trainable_weights)
    called.on_train_end()


def _loss(trainer: Trainer, data: Data, rows: Rows) -> float:
    one_hot = np.eye(data.outputs, dtype=np.float32)[data.targets[rows]]
    logits = prediction.answers(trainer.model, data.store.view(0), rows)
    return float(trainer.model.loss(one_hot, logits))


def _stop_early(patience: int) -> keras.callbacks.Callback:
    return keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)


def _inner_split(data: Data, rows: Rows, seed: int) -> tuple[Rows, Rows]:
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(INNER_PARTS, shuffle=True, random_state=seed)
    train, stop = next(splitter.split(rows, data.targets[rows], data.groups[rows]))
    return rows[train], rows[stop]
