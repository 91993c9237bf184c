"""Export a Keras model to LiteRT."""

import importlib
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from canting.core import device, files, runtime
from canting.core.errors import CantingError
from canting.core.silence import silence

if TYPE_CHECKING:
    import tensorflow as tf

INPUT = "picture"
ONLY_OUTPUT = "output_0"
"""What the output of a model is called that has one alone, as by Keras."""


def export(model: keras.Model, path: Path) -> None:
    """Write a model that takes `picture` as a LiteRT file; equal models give equal bytes.

    TensorFlow converts, on the processor: a model of another backend is handed to a process of its
    own. Raises `CantingError` where TensorFlow is not installed.
    """
    if absent := device.missing("tensorflow"):
        raise CantingError(
            "`model.tflite`: expected TensorFlow, which converts the model of every backend. "
            f"Received: {absent}. Install `canting[train,cpu]`."
        )
    if keras.backend.backend() == "tensorflow":
        _convert(model, path)
    else:
        _convert_elsewhere(model, path)


def _convert_elsewhere(model: keras.Model, path: Path) -> None:
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", **device.worker("")}
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "model.keras"
        model.save(saved)
        command = [sys.executable, "-m", __name__, str(saved), str(path.absolute())]
        command += {type(one).__module__ for one in model._flatten_layers()}
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if told.returncode:
        raise CantingError(
            f"`{path.name}`: expected TensorFlow to convert the model of Keras on "
            f"{keras.backend.backend()}. Received: {told.stderr.strip()[-500:]}. Train with "
            "`KERAS_BACKEND=tensorflow`."
        )


def _convert(model: keras.Model, path: Path) -> None:
    """Freeze the graph and convert it as it is.

    Keras's own `model.export` goes by way of a SavedModel, which takes six times as long for the
    same answers.
    """
    import tensorflow as tf

    with silence(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function = _traced(model)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
        converter.experimental_lower_to_saved_model = False
        content = _signed(converter.convert(), sorted(function.structured_outputs))
    with files.replacing(path) as aside:
        aside.write_bytes(content)


def _traced(model: keras.Model) -> Any:
    import tensorflow as tf

    def serve(picture: "tf.Tensor") -> "dict[str, tf.Tensor]":
        answer = model(picture, training=False)
        return answer if isinstance(answer, dict) else {ONLY_OUTPUT: answer}

    shape = tf.TensorSpec(model.input.shape, model.input.dtype, INPUT)
    return tf.function(serve, [shape], autograph=False).get_concrete_function()


def _signed(content: bytes, outputs: Sequence[str]) -> bytes:
    """Give input and outputs their names, which a graph without a SavedModel has lost."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

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
    from tensorflow.lite.python import schema_py_generated as schema

    mapped = schema.TensorMapT()
    mapped.name, mapped.tensorIndex = name.encode(), int(tensor)
    return mapped


if __name__ == "__main__":
    runtime.prepare()
    runtime.import_keras()
    for module in sys.argv[3:]:
        importlib.import_module(module)
    _convert(keras.saving.load_model(sys.argv[1], compile=False), Path(sys.argv[2]))
