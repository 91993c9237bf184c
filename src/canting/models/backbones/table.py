"""Input scaling: from RGB in 0…255 to what each backbone was trained on, as layers of the model.

The constants are those of `keras.applications.imagenet_utils.preprocess_input`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import applications, layers

from canting.models.backbones import efficientnet_lite

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


FILTERS = (32, 64, 128)
"""Filters of the three convolutions; each halves the resolution."""


def build(shape: tuple[int, int, int]) -> keras.Model:
    """Return the network without its classifier; it takes `x / 127.5 - 1`."""
    x = inputs = keras.Input(shape)
    for number, filters in enumerate(FILTERS):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(name=f"pool{number}")(x)
    return keras.Model(inputs, x, name="small_cnn")


Shape = tuple[int, int, int]
"""Height, width, channels."""


@dataclass(frozen=True)
class Architecture:
    """One row: how a backbone is built, scaled, and downloaded by Keras."""

    build: Callable[[Shape], keras.Model]
    scale: Scale
    download: Callable[[Shape], keras.Model] | None = None


def _application(builder: Callable[..., keras.Model], scale: Scale, **options: Any) -> Architecture:
    def build(shape: Shape) -> keras.Model:
        return builder(include_top=False, weights=None, input_shape=shape, **options)

    def download(shape: Shape) -> keras.Model:
        return builder(include_top=False, weights="imagenet", input_shape=shape, **options)

    return Architecture(build, scale, download)


def _lite(name: str, width: float, depth: float) -> Architecture:
    return Architecture(efficientnet_lite.builder(width, depth, name), lite)


TABLE: dict[str, Architecture] = {
    "efficientnet_lite0": _lite("efficientnet_lite0", 1.0, 1.0),
    "efficientnet_lite1": _lite("efficientnet_lite1", 1.0, 1.1),
    "efficientnet_lite2": _lite("efficientnet_lite2", 1.1, 1.2),
    "mobilenet_v1": _application(applications.MobileNet, symmetric),
    "mobilenet_v2": _application(applications.MobileNetV2, symmetric),
    "mobilenet_v3_small": _application(applications.MobileNetV3Small, none),
    "mobilenet_v3_large": _application(applications.MobileNetV3Large, none),
    "resnet50": _application(applications.ResNet50, caffe),
    "vgg16": _application(applications.VGG16, caffe),
    "vgg19": _application(applications.VGG19, caffe),
    "densenet121": _application(applications.DenseNet121, torch),
    "efficientnet_b0": _application(applications.EfficientNetB0, none),
    "efficientnet_v2_b0": _application(applications.EfficientNetV2B0, none),
    "efficientnet_v2_s": _application(applications.EfficientNetV2S, none),
    "convnext_tiny": _application(applications.ConvNeXtTiny, none),
    "nasnet_mobile": _application(applications.NASNetMobile, symmetric),
    "inception_v3": _application(applications.InceptionV3, symmetric),
    "xception": _application(applications.Xception, symmetric),
    "small_cnn": Architecture(build, symmetric),
}
"""Any architecture of `keras.applications` is one row; `BACKBONES` in the catalogue has the
same names."""
