"""Hyperparameters that a compiled model reads anew, so that a new setting needs no new graph."""

import math
from typing import Any

import keras
from keras import ops


class Rate(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A learning rate that can be set: constant, or along a cosine to 0 after so many steps."""

    def __init__(self, *, cosine: bool) -> None:
        """Choose the schedule; rate and steps come with each setting."""
        self._cosine = cosine
        self.rate = keras.Variable(0.0, trainable=False, dtype="float32")
        self.steps = keras.Variable(1.0, trainable=False, dtype="float32")

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step."""
        rate = ops.convert_to_tensor(self.rate)
        if not self._cosine:
            return rate
        share = ops.minimum(ops.cast(step, "float32") / self.steps, 1.0)
        return rate * 0.5 * (1.0 + ops.cos(math.pi * share))


class Dropout(keras.layers.Layer):  # type: ignore[misc]
    """Dropout whose rate can be set; in training, what is kept is scaled to the same mean."""

    def __init__(self) -> None:
        """Start without dropout."""
        super().__init__(name="dropout")
        self.rate = self.add_weight(name="rate", shape=(), initializer="zeros", trainable=False)
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, x: Any, training: bool = False) -> Any:
        """Drop values of `x` in training."""
        if not training:
            return x
        kept = keras.random.uniform(ops.shape(x), seed=self.seeds) >= self.rate
        return ops.where(kept, x / (1.0 - self.rate), 0.0)
