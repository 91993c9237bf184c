"""Multiply-adds of a network for one picture."""

from collections.abc import Iterator
from math import prod

import keras
from keras import layers


def multiply_adds(model: keras.Model) -> int:
    """Return the multiply-adds of convolutions, dense layers and attention for one input.

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
    inside = list(layer._flatten_layers(include_self=False))
    return _of_tokens(inside, keras.tree.flatten(layer.output)[0].shape[1]) if inside else 0


def _of_tokens(inside: list[keras.Layer], tokens: int) -> int:
    """Return those of a part of a vision transformer, whose layers have no output of their own.

    A convolution sees each patch once, and makes a token of all but the first.
    """
    dense = [one for one in inside if isinstance(one, layers.Dense | layers.EinsumDense)]
    patches = [one for one in inside if isinstance(one, layers.Conv2D)]
    pairs = [one for one in inside if isinstance(one, layers.MultiHeadAttention)]
    return int(
        sum(tokens * prod(one.kernel.shape) for one in dense)
        + sum((tokens - 1) * prod(one.kernel.shape) for one in patches)
        + sum(2 * tokens**2 * one.num_heads * one.key_dim for one in pairs)
    )
