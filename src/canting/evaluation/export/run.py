"""Run an exported file, whatever its format: picture in, outputs by name out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from canting.bundle.engine import Engine
from canting.imaging.pictures import Pixels
from canting.models.export import INPUT

Answers = dict[str, npt.NDArray[np.float32]]
"""`logits` `(classes,)`, `pooled` `(channels,)`, `map` `(h, w, channels)` of one picture."""

Runner = Callable[[Pixels], Answers]
"""Callable from several threads at once; a picture is `(height, width, 3) uint8`."""


def runner(name: str, path: Path) -> Runner:
    """Return what answers by the file of a format, one picture at a time."""
    return _RUNNERS.get(name, _litert)(path)


def _litert(path: Path) -> Runner:
    return Engine(path).answer


def _onnx(path: Path) -> Runner:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def answer(picture: Pixels) -> Answers:
        found: list[Any] = session.run(names, {INPUT: _batch(picture)})
        return {name: values[0] for name, values in zip(names, found, strict=True)}

    return answer


def _keras(path: Path) -> Runner:
    import keras

    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    return lambda picture: _first(model.predict_on_batch(_batch(picture)))


def _savedmodel(path: Path) -> Runner:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    return lambda picture: _first(loaded.serve(tf.constant(_batch(picture))))


def _batch(picture: Pixels) -> npt.NDArray[np.float32]:
    return picture[None].astype(np.float32)


def _first(outputs: Any) -> Answers:
    return {name: np.asarray(values)[0] for name, values in outputs.items()}


_RUNNERS: dict[str, Callable[[Path], Runner]] = {
    "onnx": _onnx,
    "keras": _keras,
    "savedmodel": _savedmodel,
}
