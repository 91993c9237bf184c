"""Export a Keras model to LiteRT."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from canting.core import files
from canting.core.silence import silence

INPUT = "picture"
ONLY_OUTPUT = "output_0"
"""What the output of a model is called that has one alone, as by Keras."""


def export(model: keras.Model, path: Path) -> None:
    """Write a model that takes `picture` as a LiteRT file; equal models give equal bytes.

    The graph is frozen and converted as it is. Keras's own `model.export` goes by way of a
    SavedModel, which takes six times as long for the same answers.
    """
    with silence(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function = _traced(model)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
        converter.experimental_lower_to_saved_model = False
        content = _signed(converter.convert(), sorted(function.structured_outputs))
    with files.replacing(path) as aside:
        aside.write_bytes(content)


def _traced(model: keras.Model) -> Any:
    def serve(picture: tf.Tensor) -> dict[str, tf.Tensor]:
        answer = model(picture, training=False)
        return answer if isinstance(answer, dict) else {ONLY_OUTPUT: answer}

    shape = tf.TensorSpec(model.input.shape, model.input.dtype, INPUT)
    return tf.function(serve, [shape], autograph=False).get_concrete_function()


def _signed(content: bytes, outputs: Sequence[str]) -> bytes:
    """Give input and outputs their names, which a graph without a SavedModel has lost."""
    model = flatbuffer_utils.convert_bytearray_to_object(content)
    graph = model.subgraphs[0]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs = [_named(INPUT, graph.inputs[0])]
    signature.outputs = [
        _named(name, tensor) for name, tensor in zip(outputs, graph.outputs, strict=True)
    ]
    model.signatureDefs = [signature]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _named(name: str, tensor: int) -> Any:
    mapped = schema.TensorMapT()
    mapped.name, mapped.tensorIndex = name.encode(), int(tensor)
    return mapped
