"""Trunk and trained tail as one model from a picture to three answers."""

from typing import Any

import keras
from keras import layers, ops

from canting.backbones.cut import split
from canting.core.scenario import Scenario
from canting.features.flips import FLIPS

OUTPUTS = ("logits", "pooled", "map")
"""`(n, classes)` logits, `(n, channels)` pooled feature, `(n, h, w, channels)` last feature map."""


def compose(
    scenario: Scenario, size: tuple[int, int], trained: keras.Model, test_views: int = 1
) -> keras.Model:
    """Return the whole model: RGB in 0…255, `(n, height, width, 3)`, to the three outputs.

    With several `test_views` each output is the mean over the picture and its flips; maps are
    flipped back first, so that the logits stay a product of the mean map.
    """
    one = _single(scenario, size, trained)
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


def _single(scenario: Scenario, size: tuple[int, int], trained: keras.Model) -> keras.Model:
    parts = split(*scenario.trunk, size)
    picture = keras.Input((*size, 3), name="picture")
    if parts.trunk is not None and parts.tail is None:
        pool = parts.trunk.get_layer("pool")
        last, pooled = keras.Model(parts.trunk.input, [pool.input, pool.output], name="whole")(
            picture
        )
        return _named(picture, trained(pooled), pooled, last)
    feature = picture if parts.trunk is None else parts.trunk(picture)
    pool = trained.get_layer("pool")
    outputs = [trained.output, pool.output, pool.input]
    return _named(picture, *keras.Model(trained.input, outputs, name="answers")(feature))


def _named(picture: Any, *outputs: Any) -> keras.Model:
    return keras.Model(picture, dict(zip(OUTPUTS, outputs, strict=True)), name="canting")
