"""Trunk and trained tail as one model from a picture to three answers."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from canting.config.scenario import Scenario
from canting.models.augmentation import FLIPS
from canting.models.backbones.cut import split
from canting.models.backbones.levels import maps_of, on_one_grid

OUTPUTS = ("logits", "pooled", "map")
"""`(n, classes)` logits, `(n, channels)` pooled feature, `(n, h, w, channels)` last feature map."""


def compose(
    scenario: Scenario,
    size: tuple[int, int],
    trained: keras.Model,
    test_views: int = 1,
    levels: int = 1,
) -> keras.Model:
    """Return the whole model: RGB in 0…255, `(n, height, width, 3)`, to the three outputs.

    Pooled feature and map are what goes into the classifier: behind a hidden layer, its units.

    With several `test_views` each output is the mean over the picture and its flips; maps are
    flipped back first, so that the logits stay a product of the mean map.
    """
    one = _single(scenario, size, trained, levels)
    if test_views == 1:
        return one
    picture = keras.Input((*size, 3), name="picture")
    answers = [_flipped(one, picture, FLIPS[number]) for number in range(test_views)]
    outputs = [layers.average([answer[name] for answer in answers]) for name in OUTPUTS]
    return _named(picture, *outputs)


def _flipped(model: keras.Model, picture: Any, axes: tuple[int, ...]) -> dict[str, Any]:
    places = [axis + 1 for axis in axes]
    if not places:
        return dict(model(picture))
    answer = dict(model(ops.flip(picture, places)))
    return {**answer, "map": ops.flip(answer["map"], places)}


def _single(
    scenario: Scenario, size: tuple[int, int], trained: keras.Model, levels: int
) -> keras.Model:
    parts = split(*scenario.trunk, size, levels)
    picture = keras.Input((*size, 3), name="picture")
    if parts.trunk is not None and parts.tail is None:
        trunk = parts.trunk
        outputs = [trunk.output, *maps_of(trunk)]
        pooled, *maps = keras.Model(trunk.input, outputs, name="whole")(picture)
        return _named(picture, trained(pooled), *_hidden(trained, pooled, on_one_grid(maps)))
    feature = picture if parts.trunk is None else parts.trunk(picture)
    pool = trained.get_layer("pool")
    outputs = [trained.output, pool.output, pool.input]
    logits, pooled, last = keras.Model(trained.input, outputs, name="answers")(feature)
    return _named(picture, logits, *_hidden(trained, pooled, last))


def _hidden(trained: keras.Model, pooled: Any, last: Any) -> tuple[Any, Any]:
    """Return the classifier's input, and the map whose mean it is.

    A hidden unit that is open is linear in each place of the map; one that is closed is 0.
    """
    if not any(layer.name == "hidden" for layer in trained.layers):
        return pooled, last
    kernel, bias = _merged(trained.get_layer("norm"), trained.get_layer("hidden"))
    units = ops.matmul(pooled, kernel) + bias
    opened = ops.cast(units > 0, "float32")
    places = ops.matmul(last, kernel) + bias
    return units * opened, places * opened[:, None, None, :]


def _merged(norm: keras.Layer, dense: keras.Layer) -> tuple[Any, Any]:
    """Return kernel and bias of a normalisation and a dense layer in one."""
    gamma, beta, mean, variance = norm.get_weights()
    kernel, bias = dense.get_weights()
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return kernel * scale[:, None], bias + (beta - mean * scale) @ kernel


def _named(picture: Any, *outputs: Any) -> keras.Model:
    return keras.Model(picture, dict(zip(OUTPUTS, outputs, strict=True)), name="canting")
