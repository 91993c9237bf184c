"""Load ImageNet weights into a backbone."""

import warnings
from pathlib import Path

import keras
import numpy as np

from canting.config.catalog import backbone_of
from canting.core.errors import CantingError
from canting.models.backbones import efficientnet_lite, hub
from canting.models.backbones.table import Shape, architecture
from canting.models.backbones.weight_files import WeightsError, locate


def load(backbone: str, shape: Shape) -> keras.Model:
    """Return a backbone with its ImageNet weights, or untrained where it is trained from scratch.

    Raises `WeightsError` where the weights cannot be had: never random weights in silence.
    """
    if backbone_of(backbone).weights == "none":
        return architecture(backbone).build(shape)
    path = locate(backbone)
    if path is None:
        return _download(backbone, shape)
    model = architecture(backbone).build(shape)
    _read(backbone, model, path)
    return model


def _read(backbone: str, model: keras.Model, path: Path) -> None:
    try:
        if backbone_of(backbone).weights == "package":
            efficientnet_lite.load(model, path)
        else:
            _load_all(hub.weighted(model), path)
    except (OSError, ValueError, KeyError) as error:
        received = f"`{path.name}`, which does not fit ({_line(error)})"
        raise WeightsError(backbone, received) from error


def _load_all(model: keras.Model, path: Path) -> None:
    """Load a file that holds every weight; Keras alone only warns where one is missing."""
    model.set_weights([np.full(weight.shape, np.nan) for weight in model.weights])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.load_weights(path)
    missing = [weight.path for weight in model.weights if np.isnan(np.asarray(weight)).any()]
    if missing:
        raise ValueError(f"{len(missing)} weights are missing, the first is {missing[0]}")


def _download(backbone: str, shape: Shape) -> keras.Model:
    download = architecture(backbone).download
    assert download is not None
    try:
        return download(shape)
    except CantingError:
        raise
    except Exception as error:  # Keras wraps a failed download in a bare Exception
        received = f"no such file, and the download failed ({_line(error)})"
        raise WeightsError(backbone, received) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
