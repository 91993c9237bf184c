"""Trunk and trained tail as one model from a picture to three answers."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops

from canting.config.scenario import Scenario
from canting.imaging.geometry import Box, box
from canting.models.augmentation import CropAndFlip
from canting.models.backbones.cut import split
from canting.models.backbones.levels import maps_of, on_one_grid

OUTPUTS = ("logits", "pooled", "map")
"""`(n, classes)` logits, `(n, channels)` pooled feature, `(n, h, w, channels)` last feature map."""


def compose(
    scenario: Scenario,
    size: tuple[int, int],
    trained: keras.Model,
    test_views: Sequence[CropAndFlip] = (CropAndFlip(),),
    levels: int = 1,
) -> keras.Model:
    """Return the whole model: RGB in 0…255, `(n, height, width, 3)`, to the three outputs.

    Pooled feature and map are what goes into the classifier: behind a hidden layer, its units.

    With several `test_views` each output is the mean over them. Maps are put back first: flipped,
    and those of crops laid where the crop is, so that the logits stay a product of the mean map.
    """
    one = _single(scenario, size, trained, levels)
    return one if len(test_views) == 1 else averaged(one, test_views, size)


def averaged(
    model: keras.Model, test_views: Sequence[CropAndFlip], size: tuple[int, int]
) -> keras.Model:
    """Return a model of the three outputs that answers with the mean over views of a picture.

    All views go through it as one batch, so that its graph is there once, however many they are.
    """
    picture = keras.Input((*size, 3), name="picture")
    boxes = [box(view.share, view.x, view.y, size) for view in test_views]
    pairs = list(zip(test_views, boxes, strict=True))
    seen = [_seen(picture, view, part, size) for view, part in pairs]
    answer = model(ops.concatenate(seen, axis=0))
    parts = {name: ops.split(answer[name], len(seen), axis=0) for name in OUTPUTS}
    maps = [
        _put_back(map_, view, part, size)
        for map_, (view, part) in zip(parts["map"], pairs, strict=True)
    ]
    outputs = [layers.average(one) for one in (parts["logits"], parts["pooled"], maps)]
    return _named(picture, *outputs)


def _seen(picture: Any, view: CropAndFlip, part: Box, size: tuple[int, int]) -> Any:
    x = _enlarged(picture, part, size) if view.share < 1 else picture
    return ops.flip(x, _of_batch(view)) if view.axes else x


def _put_back(map_: Any, view: CropAndFlip, part: Box, size: tuple[int, int]) -> Any:
    flipped = ops.flip(map_, _of_batch(view)) if view.axes else map_
    return _laid_back(flipped, part, size) if view.share < 1 else flipped


def _of_batch(view: CropAndFlip) -> list[int]:
    return [axis + 1 for axis in view.axes]


def _enlarged(picture: Any, part: Box, size: tuple[int, int]) -> Any:
    top, left, height, width = part
    cut = picture[:, top : top + height, left : left + width]
    return ops.image.resize(cut, size, interpolation="bilinear")


def _laid_back(map_: Any, part: Box, size: tuple[int, int]) -> Any:
    """Return the map of a crop on the grid of the picture, its sums in the places where they are.

    The mean over the grid stays as it is: what a small area decided lies on that area.
    """
    top, left, height, width = part
    rows = _overlap(map_.shape[1], top / size[0], height / size[0])
    columns = _overlap(map_.shape[2], left / size[1], width / size[1])
    shape = map_.shape[1:]
    cells = ops.transpose(ops.reshape(map_, (-1, shape[0] * shape[1], shape[2])), (0, 2, 1))
    moved = ops.matmul(cells, np.kron(rows, columns).T)
    return ops.reshape(ops.transpose(moved, (0, 2, 1)), (-1, *shape))


def _overlap(count: int, start: float, length: float) -> npt.NDArray[np.float32]:
    """Return which share of each cell of a crop, in columns, lies in each cell of the picture."""
    cells = np.arange(count + 1) / count
    within = start + length * cells
    first = np.maximum(cells[:-1, None], within[None, :-1])
    last = np.minimum(cells[1:, None], within[None, 1:])
    return np.asarray(np.maximum(last - first, 0) / (length / count), np.float32)


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
