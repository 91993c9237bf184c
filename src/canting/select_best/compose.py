"""Trunk and trained tail as one model from a picture to three answers."""

from typing import Any

import keras

from canting.backbones.cut import split
from canting.core.params import Scenario

OUTPUTS = ("logits", "pooled", "map")
"""`(n, classes)` logits, `(n, channels)` pooled feature, `(n, h, w, channels)` last feature map."""


def compose(scenario: Scenario, size: tuple[int, int], trained: keras.Model) -> keras.Model:
    """Return the whole model: RGB in 0…255, `(n, height, width, 3)`, to the three outputs."""
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
