"""Epochs that run as one graph give what Keras's own `fit` gives, batch for batch."""

from typing import Any

import keras
import numpy as np
import pytest

from canting.config.catalog import OPTIMIZERS
from canting.config.params import load
from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.core import files, runtime
from canting.models.features import store
from canting.models.features.store import Store
from canting.models.train import batches, fit, tail
from canting.models.train.batches import Batches, Data
from canting.models.train.fit import Fit
from tests.conftest import ROOT

PICTURES, CHANNELS, CLASSES, EPOCHS, SEED = 90, 8, 3, 4, 3
TARGETS = np.arange(PICTURES) % CLASSES
TRAIN, TEST = np.arange(70), np.arange(70, PICTURES)
USUAL = load(ROOT / "params.yaml")


class Fed(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches as Keras's `fit` takes them: it looks at two first, and ends an epoch by that."""

    def __init__(self, feed: Batches) -> None:
        super().__init__()
        self._feed, self._epoch = feed, 0

    def __len__(self) -> int:
        return len(self._feed)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        return self._feed[index]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._feed.start(self._epoch)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    folder = tmp_path_factory.mktemp("features")
    generator = np.random.default_rng(0)
    centres = generator.normal(0, 1, (CLASSES, CHANNELS))
    for number in range(3):
        noise = generator.normal(0, 1, (PICTURES, CHANNELS))
        np.save(store.view_path(folder, number), (centres[TARGETS] + noise).astype(np.float32))
    files.write_json(folder / "key.json", "made by the test")
    return Data(Store(folder), TARGETS, np.arange(PICTURES), (224, 224), CLASSES)


def scenario(**changes: Any) -> Scenario:
    usual = {"fine_tune_from": (None,), "epochs": (EPOCHS,), "batch_size": (16,), "dropout": (0.3,)}
    (one,) = USUAL.model_copy(update={**usual, **changes}).scenarios()
    return one


def by_keras(one: Scenario, data: Data, how: Train) -> keras.Model:
    """Train by Keras's `fit`, with Keras's own dropout and schedule."""
    runtime.seed_training(SEED)
    feed = Batches(data, TRAIN, one.batch_size, SEED, how)
    ours = tail.build(one, data.size, data.store.shape, CLASSES, how)
    runtime.seed_training(SEED)
    inputs = keras.Input(data.store.shape)
    x = inputs
    if how.hidden is not None:
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.Dense(how.hidden, activation="relu")(x)
    x = keras.layers.Dropout(one.dropout)(x)
    model = keras.Model(inputs, keras.layers.Dense(CLASSES)(x))
    for mine, theirs in zip(model.get_weights(), ours.get_weights(), strict=True):
        assert np.array_equal(mine, theirs)
    rate: Any = one.learning_rate
    if how.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, len(feed) * one.epochs)
    tail.compile_(model, one, how, rate)
    average = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if how.weight_average else []
    model.fit(Fed(feed), epochs=one.epochs, callbacks=average, verbose=0)
    return model


def by_canting(one: Scenario, data: Data, how: Train) -> Fit:
    return fit.fit(one, data, TRAIN, TEST, seed=SEED, settings=how)


WAYS: tuple[dict[str, Any], ...] = (
    {"weight_average": 0.9},
    {"hidden": 6, "augmentation": 0.5},
    {"balance": "class_weights", "label_smoothing": 0.1},
    {"balance": "oversampling"},
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "how"),
    [
        ("adamw", {"schedule": "cosine", "mixup": 0.2, "weight_decay": 0.1}),
        *(pytest.param("adam", how, marks=pytest.mark.slow) for how in WAYS),
        *(
            pytest.param(name, {}, marks=pytest.mark.slow)
            for name in OPTIMIZERS
            if name != "schedulefreeadamw"  # see below
        ),
    ],
)
def test_epochs_in_one_graph_equal_the_fit_of_keras(
    optimizer: str, how: dict[str, object], data: Data
) -> None:
    one, settings = scenario(optimizer=(optimizer,)), USUAL.train.model_copy(update=how)
    ours, theirs = by_canting(one, data, settings), by_keras(one, data, settings)
    assert ours.curves.loss == pytest.approx(theirs.history.history["loss"], rel=1e-5)
    assert ours.curves.accuracy == pytest.approx(theirs.history.history["accuracy"])
    for mine, other in zip(ours.model.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)


def test_a_graph_that_served_others_trains_as_a_new_one(data: Data) -> None:
    first = by_canting(scenario(), data, USUAL.train)
    by_canting(scenario(dropout=(0.0,), learning_rate=(0.1,), batch_size=(9,)), data, USUAL.train)
    again = by_canting(scenario(), data, USUAL.train)
    assert first.curves == again.curves
    assert np.array_equal(first.logits, again.logits)
    for mine, theirs in zip(first.model.get_weights(), again.model.get_weights(), strict=True):
        assert np.array_equal(mine, theirs)


def test_an_optimizer_that_copies_weights_copies_those_of_its_own_training(data: Data) -> None:
    """Keras's `fit` loses the copy of this optimizer: its first step sets every weight to 0."""
    still: dict[str, Any] = {
        "optimizer": ("schedulefreeadamw",),
        "learning_rate": (1e-9,),
        "dropout": (0.0,),
    }
    by_canting(scenario(**still), data, USUAL.train)
    runtime.seed_training(SEED)
    shape, settings = data.store.shape, USUAL.train
    drawn = tail.build(scenario(**still), data.size, shape, CLASSES, settings).get_weights()
    trained = by_canting(scenario(**still), data, USUAL.train)
    np.testing.assert_allclose(trained.model.get_weights()[0], drawn[0], atol=1e-5)


def test_an_epoch_in_parts_is_an_epoch(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = by_canting(scenario(), data, USUAL.train)
    monkeypatch.setattr(batches, "CHUNK", 4 * CHANNELS * 16 * 2)
    feed = Batches(data, TRAIN, 16, SEED, USUAL.train)
    assert [list(part) for part in feed.chunks(range(5))] == [[0, 1], [2, 3], [4]]
    parts = by_canting(scenario(), data, USUAL.train)
    assert np.array_equal(parts.logits, whole.logits)
    assert parts.curves.loss == pytest.approx(whole.curves.loss, rel=1e-6)
    assert parts.curves.val_loss == whole.curves.val_loss
