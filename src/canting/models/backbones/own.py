"""A network of one's own: `package.module:function`, found from the project's folder.

The function takes height and width and returns a functional or sequential Keras model from RGB in
0…255, `(n, height, width, 3) float32`, to a feature map, `(n, h, w, channels)`. All of it is
trained, from the weights that the function leaves it with.
"""

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import keras

from canting.config.own_network import OwnNetworkError, source

LAYER = re.compile(r"[A-Za-z0-9_.-]+")
"""Names of layers that TensorFlow takes as those of its scopes."""


def build(backbone: str, shape: tuple[int, int, int]) -> keras.Model:
    """Return what the function makes; raise `OwnNetworkError` where it is not what it should be."""
    module, _, name = backbone.partition(":")
    function = getattr(_module(backbone, module), name, None)
    if not callable(function):
        received = "no such name" if function is None else type(function).__name__
        raise OwnNetworkError(backbone, f"a function `{name}` in `{module}`", received)
    try:
        model = function(*shape[:2])
    except Exception as error:
        call = f"`{name}({shape[0]}, {shape[1]})` to return a model"
        raise OwnNetworkError(backbone, call, _told(error)) from error
    _check(backbone, model, shape)
    return model


def _module(backbone: str, name: str) -> Any:
    source(backbone)  # raises where there is no such file
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise OwnNetworkError(backbone, f"`{name}` to be imported", _told(error)) from error


def _check(backbone: str, model: Any, shape: tuple[int, int, int]) -> None:
    inputs, outputs = (getattr(model, name, None) for name in ("inputs", "outputs"))
    if not isinstance(model, keras.Model) or not inputs or not outputs:
        expected = "a functional or sequential Keras model, with its input"
        raise OwnNetworkError(backbone, expected, f"{type(model).__name__}")
    taken = [tuple(one.shape) for one in inputs]
    if taken != [(None, *shape)]:
        raise OwnNetworkError(backbone, f"one input of shape {(None, *shape)}", taken)
    given = [tuple(one.shape) for one in outputs]
    if len(given) != 1 or len(given[0]) != 4 or None in given[0][1:]:
        raise OwnNetworkError(backbone, "one feature map, (None, height, width, channels)", given)
    odd = [layer.name for layer in model.layers if not LAYER.fullmatch(layer.name)]
    if odd:
        expected = "names of layers of letters without accents, digits, `_`, `.` and `-`"
        raise OwnNetworkError(backbone, expected, odd)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
