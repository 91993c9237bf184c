"""Backbones of KerasHub, which is installed apart: `pip install --no-deps keras-hub`."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import keras
from keras import layers

from canting.core.errors import CantingError

Shape = tuple[int, int, int]
Build = Callable[[Shape], keras.Model]

PATCH = 14
"""Sides of a patch of DINOv2, in pixels."""

DINO = "dinov2_small"
_SMALL = {"num_layers": 12, "hidden_dim": 384, "num_heads": 6, "intermediate_dim": 1536}


def resnet(blocks: tuple[int, ...]) -> Build:
    """Return a builder of a ResNet of two 3 × 3 convolutions a block (He et al. 2015, table 1)."""

    def build(shape: Shape) -> keras.Model:
        return _models().ResNetBackbone(
            input_conv_filters=[64],
            input_conv_kernel_sizes=[7],
            stackwise_num_filters=[64, 128, 256, 512],
            stackwise_num_blocks=list(blocks),
            stackwise_num_strides=[1, 2, 2, 2],
            block_type="basic_block",
            image_shape=shape,
        )

    return build


def resnet_of(preset: str) -> Build:
    """Return a builder of a ResNet with the weights that KerasHub downloads."""
    return lambda shape: _models().ResNetBackbone.from_preset(preset, image_shape=shape)


def dino(shape: Shape) -> keras.Model:
    """Return DINOv2-small (Oquab et al. 2023): its patch tokens as a map, `(n, h, w, 384)`."""
    _require_square(shape)
    sides = {"image_shape": shape, "position_embedding_shape": (518, 518, 3)}
    return _map_of(_models().DINOV2Backbone(PATCH, **_SMALL, **sides, name=DINO), shape)


def dino_with_weights(shape: Shape) -> keras.Model:
    """Return the same with the weights that KerasHub downloads."""
    _require_square(shape)
    core = _models().DINOV2Backbone.from_preset(DINO, image_shape=shape, name=DINO)
    return _map_of(core, shape)


def weighted(model: keras.Model) -> keras.Model:
    """Return the part of a backbone that KerasHub's file of weights is of."""
    named = [layer for layer in model.layers if layer.name == DINO]
    return named[0] if named else model


def _map_of(core: keras.Model, shape: Shape) -> keras.Model:
    """Leave the class token out, and put the others where their patches are."""
    inputs = keras.Input(shape)
    tokens = layers.Cropping1D((1, 0), name="patches")(core({"images": inputs}))
    grid = (shape[0] // PATCH, shape[1] // PATCH, tokens.shape[-1])
    return keras.Model(inputs, layers.Reshape(grid, name="grid")(tokens))


def _require_square(shape: Shape) -> None:
    height, width, _ = shape
    if height != width or height % PATCH:
        raise CantingError(
            f"`image_size`: expected a square for `backbone: {DINO}`, with a side that {PATCH} "
            f"divides. Received: {[height, width]}. Take [224, 224]."
        )


def _models() -> Any:
    try:
        return import_module("keras_hub").models
    except ImportError as error:
        raise CantingError(
            f"This backbone needs KerasHub. Received: {error}. Install it without what it asks for "
            "(a second TensorFlow): `pip install --no-deps keras-hub regex tokenizers`."
        ) from error
