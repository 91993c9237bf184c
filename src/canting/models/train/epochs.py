"""Training over many batches in one call of a graph."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

Run = Callable[[Array, Array, Array, npt.NDArray[np.int32]], None]
"""Takes features, one-hot targets and weights of many batches, one after another, and where each
batch begins, with the end of the last: `(batches + 1,)`. Trains on one after the other."""


def runner(model: keras.Model) -> Run:
    """Return what trains a compiled model by Keras's own `train_step`.

    On TensorFlow, the loop over the batches is part of the graph: a step of a classifier on 1,280
    features then takes a fifth of the time that `train_on_batch` takes. Elsewhere, and where the
    model runs eagerly, it goes batch by batch.
    """
    _build_metrics(model)
    if keras.backend.backend() != "tensorflow" or model.run_eagerly:
        return lambda x, y, weights, starts: _one_by_one(model, x, y, weights, starts)
    import tensorflow as tf

    def run(x: Any, y: Any, weights: Any, starts: Any) -> None:
        for place in tf.range(tf.shape(starts)[0] - 1):
            rows = slice(starts[place], starts[place + 1])
            model.train_step((x[rows], y[rows], weights[rows]))

    classes = model.output_shape[-1]
    signature = [
        tf.TensorSpec((None, *model.input_shape[1:]), "float32"),
        tf.TensorSpec((None, classes), "float32"),
        tf.TensorSpec((None,), "float32"),
        tf.TensorSpec((None,), "int32"),
    ]
    return tf.function(run, input_signature=signature, jit_compile=False)  # type: ignore[no-any-return]


def _build_metrics(model: keras.Model) -> None:
    """Make the variables of loss and metrics, which a loop in a graph cannot make."""
    y = np.zeros((1, model.output_shape[-1]), np.float32)
    model.compute_loss(None, y, y)
    model.compute_metrics(None, y, y)
    model.reset_metrics()


def _one_by_one(model: keras.Model, *arrays: Array) -> None:
    *batches, starts = arrays
    for start, end in pairwise(starts):
        model.train_on_batch(*(array[start:end] for array in batches))
