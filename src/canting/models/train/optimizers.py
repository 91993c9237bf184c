"""Keras's optimizers, with layer-wise decay of the learning rate."""

from typing import Any

import keras
from keras import layers

from canting.config.sections import Train


def make(
    model: keras.Model, optimizer: str, settings: Train, rate: Any
) -> keras.optimizers.Optimizer:
    """Return an optimizer by its name, with a learning rate or a schedule of it.

    A `weight_average` is Keras's exponential moving average of the weights.
    """
    found = {name.lower(): value for name, value in vars(keras.optimizers).items()}
    options = {"learning_rate": rate}
    if settings.weight_average is not None:
        options |= {"use_ema": True, "ema_momentum": settings.weight_average}
    if settings.weight_decay is not None:
        options["weight_decay"] = settings.weight_decay
    kind = found[optimizer]
    if settings.layer_decay == 1:
        return kind(**options)
    made = _layerwise(kind)(**options)
    depth, trained = depths(model), model.trainable_variables
    made.build(trained)
    made.factors = tuple(settings.layer_decay ** depth[id(one)] for one in trained)
    return made


def _layerwise(kind: type[Any]) -> type[Any]:
    """Return an optimizer whose learning rate has a factor for each variable.

    The rate is scaled, not the gradient: to that, adaptive optimizers are blind. So are weight
    decay and what an optimizer keeps for itself.
    """

    class Layerwise(kind):  # type: ignore[misc]
        factors: list[float]
        _factor = 1.0

        def _get_current_learning_rate(self) -> Any:
            return super()._get_current_learning_rate() * self._factor

        def _apply_weight_decay(self, variables: Any) -> None:
            for variable in variables:
                self._factor = self._factor_of(variable)
                super()._apply_weight_decay([variable])
            self._factor = 1.0

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            super().update_step(gradient, variable, learning_rate * self._factor_of(variable))

        def _factor_of(self, variable: Any) -> float:
            index: int = self._get_variable_index(variable)
            return self.factors[index]

    return type(kind.__name__, (Layerwise,), {})


def depths(model: keras.Model, start: int = 0) -> dict[int, int]:
    """Return for each variable, by its `id`, how many layers with weights are behind its own.

    On the longest way to the output; a normalisation belongs to the layer before it.
    """
    behind: dict[int, int] = {}
    found: dict[int, int] = {}
    for operation in reversed(model.operations):
        users = [node.operation for node in operation._outbound_nodes]
        ways = [behind[id(one)] + _layers_in(one) for one in users if id(one) in behind]
        behind[id(operation)] = max(ways, default=start)
        if isinstance(operation, keras.Model):
            found |= depths(operation, behind[id(operation)])
        elif isinstance(operation, keras.Layer):
            found |= {id(one): behind[id(operation)] for one in operation.variables}
    return found


def _layers_in(operation: Any) -> int:
    """Return how many layers with weights one after another an operation is."""
    if isinstance(operation, keras.Model):
        inside = depths(operation)
        return 1 + max(inside.values()) if inside else 0
    weighted = isinstance(operation, keras.Layer) and bool(operation.trainable_weights)
    return int(weighted and not isinstance(operation, layers.BatchNormalization))
