"""Stochastic depth: residual branches that are left out at random in training.

G. Huang et al., "Deep Networks with Stochastic Depth" (2016), https://arxiv.org/abs/1603.09382.
Each example of a batch is drawn for itself, and what is kept is scaled to the same mean.
"""

from typing import Any

import keras
from keras import layers, ops

from canting.core.errors import CantingError


@keras.saving.register_keras_serializable("canting")
class ResidualAdd(layers.Layer):  # type: ignore[misc]
    """The sum of a shortcut and a residual branch, which training drops at some rate."""

    def __init__(self, rate: float, branch: int, **options: Any) -> None:
        """Take the rate, and which of the two inputs is the branch."""
        super().__init__(**options)
        self.rate, self._branch = rate, branch
        self._seeds = keras.random.SeedGenerator()

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made from."""
        return {**super().get_config(), "rate": self.rate, "branch": self._branch}

    def call(self, inputs: list[Any], training: bool = False) -> Any:
        """Add two maps `(n, h, w, channels)`."""
        shortcut, branch = inputs[1 - self._branch], inputs[self._branch]
        if training:
            drawn = keras.random.uniform((ops.shape(branch)[0], 1, 1, 1), seed=self._seeds)
            kept = ops.cast(drawn >= self.rate, branch.dtype)
            branch = branch * kept / (1.0 - self.rate)
        return shortcut + branch


def with_rate(tail: keras.Model, rate: float, backbone: str) -> keras.Model:
    """Return a copy of a tail with the same weights whose last branch is dropped at `rate`.

    Rates grow evenly from the first residual addition to the last. What a network of
    `keras.applications` drops by itself is replaced. Raises `CantingError` where nothing is added.
    """
    additions = _additions(tail)
    if not additions:
        raise CantingError(
            "`train.stochastic_depth`: expected a tail with residual additions. Received: "
            f"{backbone}, whose trained part has none. Leave it empty, or train from an earlier "
            "layer of a residual network."
        )
    rates = {
        layer.name: rate * number / len(additions) for number, layer in enumerate(additions, 1)
    }
    copy = _copied(tail, rates)
    copy.set_weights(tail.get_weights())
    return copy


def _additions(model: keras.Model) -> list[keras.Layer]:
    found: list[keras.Layer] = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found += _additions(layer)
        elif isinstance(layer, layers.Add):
            found.append(layer)
    return found


def _copied(model: keras.Model, rates: dict[str, float]) -> keras.Model:
    def copy(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, keras.Model):
            return _copied(layer, rates)
        if layer.name in rates:
            return ResidualAdd(rates[layer.name], _branch(layer), name=layer.name)
        if isinstance(layer, layers.Dropout) and layer.noise_shape is not None:
            return layers.Identity(name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    return keras.models.clone_model(model, clone_function=copy)


def _branch(addition: keras.Layer) -> int:
    """Return which input has more layers before it: a shortcut skips them."""
    counts = [len(_before(tensor)) for tensor in addition.input]
    return counts.index(max(counts))


def _before(tensor: Any) -> set[int]:
    """Return the operations that a tensor comes from."""
    found: set[int] = set()
    waiting = [tensor]
    while waiting:
        operation = waiting.pop()._keras_history.operation
        if id(operation) not in found:
            found.add(id(operation))
            for node in operation._inbound_nodes:
                waiting += node.input_tensors
    return found
