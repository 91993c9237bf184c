"""The trainable part of a model: the tail of a backbone, pooling, dropout, classifier."""

from typing import Any

import keras
import numpy.typing as npt
from keras import layers

from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.core.errors import CantingError
from canting.models.backbones import stochastic_depth
from canting.models.backbones.cut import precision, split
from canting.models.train import optimizers
from canting.models.train.mutable import MutableDropout


def build(
    scenario: Scenario,
    size: tuple[int, int],
    shape: tuple[int, ...],
    classes: int,
    settings: Train,
) -> Any:
    """Return a model from features of `shape` to `(n, classes)` logits.

    It starts with ImageNet weights behind the cut, and with a classifier drawn from Keras's seed.
    The classifier may have a layer of hidden units, behind a normalisation of each feature. Squares
    of the kernels of both may be added to the loss. Logits and weights are float32 in every
    precision.
    """
    tail, penalty = _tail(scenario, size, settings), _penalty(settings)
    inputs = keras.Input(shape, name="feature")
    with precision(settings.precision):
        x = inputs if tail is None else layers.GlobalAveragePooling2D(name="pool")(tail(inputs))
        if settings.hidden is not None:
            x = layers.BatchNormalization(name="norm")(x)
            x = layers.Dense(
                settings.hidden, activation="relu", kernel_regularizer=penalty, name="hidden"
            )(x)
    x = MutableDropout(scenario.dropout)(x)
    logits = layers.Dense(classes, kernel_regularizer=penalty, name="logits")(x)
    return keras.Model(inputs, logits, name="trained")


def weights_of(model: keras.Model, classes: int) -> list[npt.NDArray[Any]]:
    """Return the weights of a trained tail for its first outputs, in the order of Keras.

    So the output for pictures of no class, the last, goes when training has ended: what the tail of
    the classes answers is what it answered before.
    """
    last = {id(variable) for variable in model.get_layer("logits").weights}
    pairs = zip(model.weights, model.get_weights(), strict=True)
    return [values[..., :classes] if id(one) in last else values for one, values in pairs]


def _penalty(settings: Train) -> keras.Regularizer | None:
    return keras.regularizers.L2(settings.l2) if settings.l2 else None


def compile_(model: keras.Model, scenario: Scenario, settings: Train, rate: Any) -> None:
    """Set optimizer, loss and metric; `rate` is a learning rate or a schedule of it.

    XLA is used only where a backend needs it: it is slower on a CPU.
    """
    _check_precision(settings.precision)
    model.compile(
        optimizers.make(model, scenario.optimizer, settings, rate),
        keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings.label_smoothing
        ),
        metrics=["accuracy"],
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )


def _check_precision(name: str) -> None:
    if name != "float32" and not keras.distribution.list_devices("gpu"):
        raise CantingError(
            "`train.precision`: expected float32 where Keras sees no GPU: without one, another may "
            f"take ten times as long. Received: {name!r}. Set float32."
        )


def _tail(scenario: Scenario, size: tuple[int, int], settings: Train) -> keras.Model | None:
    if not scenario.has_tail:
        return None
    tail = split(*scenario.trunk, size, computed=settings.precision).tail
    assert tail is not None
    if settings.batch_norm == "training":
        _normalize_by_batch(tail)
    if settings.stochastic_depth is not None:
        tail = stochastic_depth.with_rate(tail, settings.stochastic_depth, scenario.backbone)
    return tail


def _normalize_by_batch(model: keras.Model) -> None:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            _normalize_by_batch(layer)
        elif isinstance(layer, layers.BatchNormalization):
            layer.trainable = True
