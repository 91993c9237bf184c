"""From RGB in 0…255 to what each backbone was trained on, as layers that travel with the model.

The constants are those of `keras.applications.imagenet_utils.preprocess_input`.
"""

from collections.abc import Callable
from typing import Any

from keras import layers

Scale = Callable[[Any], Any]
"""Takes and returns a `(n, height, width, 3)` Keras tensor."""

CAFFE_MEAN = (103.939, 116.779, 123.68)
TORCH_MEAN = (0.485, 0.456, 0.406)
TORCH_STD = (0.229, 0.224, 0.225)


def none(x: Any) -> Any:
    """Leave 0…255 to the backbone's own first layers."""
    return x


def symmetric(x: Any) -> Any:
    """Scale to -1…1."""
    return layers.Rescaling(1 / 127.5, -1.0, name="scale")(x)


def lite(x: Any) -> Any:
    """Scale by `(x - 127) / 128`."""
    return layers.Rescaling(1 / 128, -127 / 128, name="scale")(x)


def caffe(x: Any) -> Any:
    """Turn to BGR and subtract the mean of ImageNet."""
    mean = [-value for value in CAFFE_MEAN]
    return layers.Rescaling([1.0] * 3, mean, name="scale")(x[..., ::-1])


def torch(x: Any) -> Any:
    """Scale to 0…1, then by mean and standard deviation of ImageNet."""
    scale = [1 / (255 * std) for std in TORCH_STD]
    offset = [-mean / std for mean, std in zip(TORCH_MEAN, TORCH_STD, strict=True)]
    return layers.Rescaling(scale, offset, name="scale")(x)
