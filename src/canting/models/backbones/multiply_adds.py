"""Multiply-adds of a network for one picture."""

from collections.abc import Iterator
from math import prod

import keras
from keras import layers


def multiply_adds(model: keras.Model) -> int:
    """Return the multiply-adds of convolutions and dense layers for one input.

    One product with its addition counts as one, as in the papers that speak of MACs (FLOPs are
    about twice that). Biases, normalisation, activation, pooling and scaling are not counted.
    """
    return sum(map(_of_layer, _layers(model)))


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _of_layer(layer: keras.Layer) -> int:
    if isinstance(layer, layers.SeparableConv2D):
        pixels = prod(layer.output.shape[1:3])
        return int(
            pixels * (prod(layer.depthwise_kernel.shape) + prod(layer.pointwise_kernel.shape))
        )
    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
        return int(prod(layer.output.shape[1:3]) * prod(layer.kernel.shape))
    if isinstance(layer, layers.Dense):
        return int(prod(layer.output.shape[1:-1]) * prod(layer.kernel.shape))
    return 0
