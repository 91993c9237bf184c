"""The cut of a backbone into a frozen trunk and a trainable tail."""

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import accumulate
from typing import Any, NamedTuple

import keras
from keras import layers

from canting.config.catalog import ALL, backbone_of, trains_all
from canting.core.errors import CantingError
from canting.models.backbones import weights
from canting.models.backbones.levels import levels as levels_of
from canting.models.backbones.levels import pooled
from canting.models.backbones.table import architecture


class TrunkAndTail(NamedTuple):
    """A backbone in two: `tail(trunk(x))` is its last feature map, pooled where nothing is trained.

    `trunk` takes RGB in 0…255, `(n, height, width, 3) float32`; it is `None` where everything is
    trained. `tail` is `None` where only the classifier is trained; then the trunk ends in the
    global averages of its levels, the last feature map among them, `(n, channels) float32`.
    """

    trunk: keras.Model | None
    tail: keras.Model | None


class CutError(CantingError):
    """A layer that a backbone cannot be cut at."""

    def __init__(self, backbone: str, layer: str, points: list[str]) -> None:
        """List layers that it can be cut at, the closest names first."""
        close = get_close_matches(layer, points, n=3, cutoff=0.3)
        super().__init__(
            f"`fine_tune_from`: expected a layer of {backbone} that everything behind it passes "
            f"through. Received: {layer!r}.{f' Did you mean {close[0]!r}?' if close else ''} "
            f"Possible: {ALL}, {', '.join(points)}."
        )


@contextmanager
def precision(name: str) -> Iterator[None]:
    """Build layers in one of Keras's precisions; weights are float32 in all of them."""
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")


def split(
    backbone: str,
    fine_tune_from: str | None,
    size: tuple[int, int],
    levels: int = 1,
    computed: str = "float32",
) -> TrunkAndTail:
    """Build a backbone for pictures of `size` (height, width) and cut it before a layer.

    An uncut one is averaged at so many `levels`. `computed` is a precision. Raises `CutError` for a
    layer that is not in a line with all that follows.
    """
    keras.utils.clear_session()
    with precision(computed):
        return _split(backbone, fine_tune_from, size, levels)


def _split(
    backbone: str, fine_tune_from: str | None, size: tuple[int, int], levels: int
) -> TrunkAndTail:
    core = weights.load(backbone, (*size, 3))
    inputs = keras.Input((*size, 3), name="picture")
    scaled = architecture(backbone).scale(inputs)
    if trains_all(backbone, fine_tune_from):
        fixed = _fixed_norms(core) if backbone_of(backbone).weights != "none" else core
        return TrunkAndTail(None, keras.Model(inputs, fixed(scaled), name="tail"))
    if fine_tune_from is None:
        averages = _pooled(core, scaled, levels, backbone)
        return TrunkAndTail(_frozen(keras.Model(inputs, averages, name="trunk")), None)
    cut = _cut_tensor(core, backbone, fine_tune_from)
    trunk = keras.Model(inputs, keras.Model(core.input, cut, name="head")(scaled), name="trunk")
    return TrunkAndTail(_frozen(trunk), _fixed_norms(keras.Model(cut, core.output, name="tail")))


def cut_points(core: keras.Model) -> list[str]:
    """Return the layers, in order, whose one input is all that later layers take from earlier."""
    places = {layer.name: place for place, layer in enumerate(core.operations)}
    reach = [max(_consumers(layer, places), default=0) for layer in core.operations]
    crossing = list(accumulate(reach, max, initial=0))
    producers = {layer.name: _producer(layer, places) for layer in core.layers if _trained(layer)}
    return [name for name, place in producers.items() if crossing[place] <= place]


def _trained(layer: keras.Layer) -> bool:
    """Return whether a layer with one input has weights; a normalisation is no place for a cut."""
    if not getattr(layer, "weights", ()) or isinstance(layer, layers.BatchNormalization):
        return False
    return hasattr(layer.input, "_keras_history")


def _consumers(layer: keras.Layer, places: dict[str, int]) -> list[int]:
    names = (node.operation.name for node in layer._outbound_nodes)
    return [places[name] for name in names if name in places]


def _producer(layer: keras.Layer, places: dict[str, int]) -> int:
    return places[layer.input._keras_history.operation.name]


def _cut_tensor(core: keras.Model, backbone: str, name: str) -> Any:
    points = cut_points(core)
    if name not in points:
        raise CutError(backbone, name, points)
    return core.get_layer(name).input


def _pooled(core: keras.Model, scaled: Any, count: int, backbone: str) -> Any:
    if count == 1:
        return layers.GlobalAveragePooling2D(name="pool")(core(scaled))
    maps = keras.Model(core.input, levels_of(core, count, backbone), name="levels")(scaled)
    return pooled(maps)


def _frozen(model: keras.Model) -> keras.Model:
    model.trainable = False
    return model


def _fixed_norms(model: keras.Model) -> keras.Model:
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    return model
