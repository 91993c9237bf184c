"""From Keras to LiteRT."""

import contextlib
import io
import warnings
from pathlib import Path

import keras

from canting.core import files


def export(model: keras.Model, path: Path) -> None:
    """Write a model that takes `picture` as a LiteRT file; equal models give equal bytes."""
    quiet = contextlib.redirect_stdout(io.StringIO())
    with files.replacing(path) as aside, quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.export(str(aside.with_suffix(".tflite")), format="litert", verbose=False)
        aside.with_suffix(".tflite").replace(aside)
