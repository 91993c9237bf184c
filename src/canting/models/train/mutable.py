"""Hyperparameters that can be set anew in a compiled model: a setting needs no new graph."""

import math
from typing import Any

import keras
from keras import ops

from canting.config.scenario import Scenario
from canting.config.sections import Train


class Setting:
    """A number that a graph reads when it runs; no weight of any model."""

    def __init__(self, value: float = 0.0) -> None:
        """Start with a value."""
        self.variable = keras.Variable(value, trainable=False, dtype="float32")


class MutableRate(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A learning rate that can be set: constant, or along a cosine to 0; below it in a warm-up.

    A warm-up rises in equal steps: P. Goyal et al., "Accurate, Large Minibatch SGD" (2017),
    https://arxiv.org/abs/1706.02677.
    """

    def __init__(self, settings: Train) -> None:
        """Choose the schedule; its numbers come with each setting."""
        self._cosine, self._warms = settings.schedule == "cosine", settings.warm_up > 0
        self._rate, self._steps, self._warm = (Setting(1.0).variable for _ in range(3))
        self.variables = [self._rate, self._steps, self._warm]

    def set(self, scenario: Scenario, settings: Train, steps: int) -> None:
        """Take the rate of a scenario; `steps` are an epoch's."""
        numbers = scenario.learning_rate, steps * scenario.epochs, steps * settings.warm_up
        for variable, number in zip(self.variables, numbers, strict=True):
            variable.assign(number)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step."""
        rate, step = ops.convert_to_tensor(self._rate), ops.cast(step, "float32")
        if self._cosine:
            share = ops.minimum(step / self._steps, 1.0)
            rate = rate * 0.5 * (1.0 + ops.cos(math.pi * share))
        return rate * ops.minimum((step + 1) / self._warm, 1.0) if self._warms else rate


@keras.saving.register_keras_serializable("canting")
class MutableDropout(keras.layers.Layer):  # type: ignore[misc]
    """Dropout whose rate can be set; in training, what is kept is scaled to the same mean.

    It draws as Keras's own layer does, and nothing where the rate is 0.
    """

    def __init__(self, rate: float, name: str = "dropout", **options: Any) -> None:
        """Start with a rate; its seed is drawn from Keras's, if there is anything to drop."""
        super().__init__(name=name, **options)
        self.seeds = keras.random.SeedGenerator(None if rate else 0)
        self.share = Setting(rate)

    def call(self, x: Any, training: bool = False) -> Any:
        """Drop values of `x` in training."""
        if not training:
            return x
        rate = ops.convert_to_tensor(self.share.variable)
        if keras.backend.backend() != "tensorflow":  # only there may a branch draw
            return self._dropped(x, rate)
        return ops.cond(rate > 0.0, lambda: self._dropped(x, rate), lambda: x)

    def _dropped(self, x: Any, rate: Any) -> Any:
        kept = keras.random.uniform(ops.shape(x), seed=self.seeds) >= rate
        return ops.where(kept, x * (1.0 / (1.0 - rate)), 0.0)
