"""The trainable part of a model: the tail of a backbone, pooling, dropout, classifier."""

from typing import Any

import keras
from keras import layers

from canting.config.catalog import backbone_of
from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.models.backbones.cut import split
from canting.models.train.mutable import MutableDropout


def build(
    scenario: Scenario,
    size: tuple[int, int],
    shape: tuple[int, ...],
    classes: int,
    hidden: int | None = None,
) -> Any:
    """Return a model from features of `shape` to `(n, classes)` logits.

    It starts with ImageNet weights behind the cut, and with a classifier drawn from Keras's seed.
    The classifier may have a layer of `hidden` units, behind a normalisation of each feature.
    """
    inputs = keras.Input(shape, name="feature")
    x = _pooled(scenario, size, inputs) if has_tail(scenario) else inputs
    if hidden is not None:
        x = layers.BatchNormalization(name="norm")(x)
        x = layers.Dense(hidden, activation="relu", name="hidden")(x)
    x = MutableDropout(scenario.dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x), name="trained")


def compile_(
    model: keras.Model, scenario: Scenario, settings: Train, steps: int, rate: Any = None
) -> None:
    """Set optimizer, loss and metric for epochs of so many `steps`.

    XLA is used only where a backend needs it: it is slower on a CPU. A `weight_average` is Keras's
    exponential moving average of the weights. A `rate` replaces the scenario's learning rate.
    """
    optimizers = {name.lower(): value for name, value in vars(keras.optimizers).items()}
    options = {"learning_rate": _rate(scenario, settings, steps) if rate is None else rate}
    if settings.weight_average is not None:
        options |= {"use_ema": True, "ema_momentum": settings.weight_average}
    if settings.weight_decay is not None:
        options["weight_decay"] = settings.weight_decay
    optimizer = optimizers[scenario.optimizer](**options)
    if rate is not None:  # JAX takes a variable that the optimizer does not hold for a constant
        optimizer.held = [one for one in vars(rate).values() if isinstance(one, keras.Variable)]
    model.compile(
        optimizer,
        keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings.label_smoothing
        ),
        metrics=["accuracy"],
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )


def _rate(scenario: Scenario, settings: Train, steps: int) -> Any:
    if settings.schedule == "constant":
        return scenario.learning_rate
    every = steps * scenario.epochs
    return keras.optimizers.schedules.CosineDecay(scenario.learning_rate, every)


def has_tail(scenario: Scenario) -> bool:
    """Return whether more than a classifier is trained."""
    return scenario.fine_tune_from is not None or backbone_of(scenario.backbone).weights == "none"


def _pooled(scenario: Scenario, size: tuple[int, int], inputs: Any) -> Any:
    tail = split(scenario.backbone, scenario.fine_tune_from, size).tail
    assert tail is not None
    return layers.GlobalAveragePooling2D(name="pool")(tail(inputs))
