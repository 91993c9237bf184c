"""Maps from several depths of a backbone: fine texture from the first, objects from the last."""

from typing import Any

import keras
from keras import layers, ops

from canting.core.errors import CantingError


def levels(core: keras.Model, count: int, backbone: str) -> list[Any]:
    """Return `count` maps of a backbone, evenly spaced by layer; the last one is its output.

    Candidates are what activations give. Raises `CantingError` where there are fewer.
    """
    found = [layer.output for layer in core.layers if _is_level(layer)]
    found = [map_ for map_ in found if map_ is not core.output]
    if count - 1 > len(found):
        raise CantingError(
            f"`features.levels`: expected at most {len(found) + 1} for {backbone}. "
            f"Received: {count}. Take fewer."
        )
    places = [(number + 1) * (len(found) + 1) // count - 1 for number in range(count - 1)]
    return [*(found[place] for place in places), core.output]


def pooled(maps: list[Any]) -> Any:
    """Return the averages of all maps side by side, `(n, channels of all)`."""
    return layers.Concatenate(name="pool")([layers.GlobalAveragePooling2D()(one) for one in maps])


def maps_of(trunk: keras.Model) -> list[Any]:
    """Return the maps that a trunk averages."""
    averages = trunk.get_layer("pool").input
    if not isinstance(averages, list):
        return [averages]
    return [average._keras_history.operation.input for average in averages]


def on_one_grid(maps: list[Any]) -> Any:
    """Return all maps side by side on the grid of the last, `(n, h, w, channels of all)`.

    The mean over the grid is the mean over each map: a map whose sides the grid does not divide
    is spread evenly.
    """
    if len(maps) == 1:
        return maps[0]
    height, width = maps[-1].shape[1:3]
    return ops.concatenate([_reduced(one, height, width) for one in maps], axis=-1)


def _reduced(map_: Any, height: int, width: int) -> Any:
    rows, columns = map_.shape[1:3]
    if rows % height or columns % width:
        return ops.mean(map_, axis=(1, 2), keepdims=True) * ops.ones((1, height, width, 1))
    block = (rows // height, columns // width)
    return layers.AveragePooling2D(block)(map_) if block != (1, 1) else map_


def _is_level(layer: keras.Layer) -> bool:
    """Return whether a layer activates a map; squeezed maps of 1 × 1 say nothing of their own."""
    if not isinstance(layer, layers.Activation | layers.ReLU | layers.Conv2D):
        return False
    if isinstance(layer, layers.Conv2D) and layer.activation is keras.activations.linear:
        return False
    shape = layer.output.shape
    return len(shape) == 4 and min(shape[1:3]) > 1
