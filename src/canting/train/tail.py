"""The trainable part of a model: the tail of a backbone, pooling, dropout, classifier."""

from typing import Any

import keras
from keras import layers

from canting.backbones.cut import split
from canting.core.names import BACKBONES
from canting.core.params import Scenario


def build(scenario: Scenario, size: tuple[int, int], shape: tuple[int, ...], classes: int) -> Any:
    """Return a compiled model from features of `shape` to `(n, classes)` logits.

    It starts with ImageNet weights behind the cut, and with a classifier drawn from Keras's seed.
    """
    inputs = keras.Input(shape, name="feature")
    x = _pooled(scenario, size, inputs) if _has_tail(scenario) else inputs
    x = layers.Dropout(scenario.dropout, name="dropout")(x)
    model = keras.Model(inputs, layers.Dense(classes, name="logits")(x), name="trained")
    compile_(model, scenario)
    return model


def compile_(model: keras.Model, scenario: Scenario) -> None:
    """Set optimizer, loss and metric; XLA only where a backend needs it (slower on a CPU)."""
    optimizers = {name.lower(): value for name, value in vars(keras.optimizers).items()}
    model.compile(
        optimizers[scenario.optimizer](learning_rate=scenario.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )


def _has_tail(scenario: Scenario) -> bool:
    return scenario.fine_tune_from is not None or BACKBONES[scenario.backbone] == "none"


def _pooled(scenario: Scenario, size: tuple[int, int], inputs: Any) -> Any:
    tail = split(scenario.backbone, scenario.fine_tune_from, size).tail
    assert tail is not None
    return layers.GlobalAveragePooling2D(name="pool")(tail(inputs))
