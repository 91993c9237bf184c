"""ImageNet weights into a backbone."""

from pathlib import Path

import keras

from canting.backbones import efficientnet_lite0
from canting.backbones.table import TABLE, Shape
from canting.backbones.weight_files import WeightsError, locate
from canting.names import BACKBONES


def load(backbone: str, shape: Shape) -> keras.Model:
    """Return a backbone with its ImageNet weights, or untrained where it is trained from nothing.

    Raises `WeightsError` where the weights cannot be had: never random weights in silence.
    """
    if BACKBONES[backbone] == "none":
        return TABLE[backbone].build(shape)
    path = locate(backbone)
    if path is None:
        return _download(backbone, shape)
    model = TABLE[backbone].build(shape)
    _read(backbone, model, path)
    return model


def _read(backbone: str, model: keras.Model, path: Path) -> None:
    try:
        if BACKBONES[backbone] == "package":
            efficientnet_lite0.load(model, path)
        else:
            model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        received = f"`{path.name}`, which does not fit ({_line(error)})"
        raise WeightsError(backbone, received) from error


def _download(backbone: str, shape: Shape) -> keras.Model:
    download = TABLE[backbone].download
    assert download is not None
    try:
        return download(shape)
    except Exception as error:  # Keras wraps a failed download in a bare Exception
        received = f"no such file, and the download failed ({_line(error)})"
        raise WeightsError(backbone, received) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
