"""The table of backbones: name → builder, input scaling, Keras's download."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import applications

from canting.backbones import efficientnet_lite, small_cnn
from canting.backbones.scaling import Scale, caffe, lite, none, symmetric, torch

Shape = tuple[int, int, int]
"""Height, width, channels."""


@dataclass(frozen=True)
class Backbone:
    """One row: how a backbone is built, scaled, and downloaded by Keras."""

    build: Callable[[Shape], keras.Model]
    scale: Scale
    download: Callable[[Shape], keras.Model] | None = None


def _application(builder: Callable[..., keras.Model], scale: Scale, **options: Any) -> Backbone:
    def build(shape: Shape) -> keras.Model:
        return builder(include_top=False, weights=None, input_shape=shape, **options)

    def download(shape: Shape) -> keras.Model:
        return builder(include_top=False, weights="imagenet", input_shape=shape, **options)

    return Backbone(build, scale, download)


def _lite(name: str, width: float, depth: float) -> Backbone:
    return Backbone(efficientnet_lite.builder(width, depth, name), lite)


TABLE: dict[str, Backbone] = {
    "efficientnet_lite0": _lite("efficientnet_lite0", 1.0, 1.0),
    "efficientnet_lite1": _lite("efficientnet_lite1", 1.0, 1.1),
    "efficientnet_lite2": _lite("efficientnet_lite2", 1.1, 1.2),
    "mobilenet_v2": _application(applications.MobileNetV2, symmetric),
    "mobilenet_v3_small": _application(applications.MobileNetV3Small, none),
    "mobilenet_v3_large": _application(applications.MobileNetV3Large, none),
    "resnet50": _application(applications.ResNet50, caffe),
    "vgg19": _application(applications.VGG19, caffe),
    "densenet121": _application(applications.DenseNet121, torch),
    "efficientnet_b0": _application(applications.EfficientNetB0, none),
    "efficientnet_v2_b0": _application(applications.EfficientNetV2B0, none),
    "inception_v3": _application(applications.InceptionV3, symmetric),
    "small_cnn": Backbone(small_cnn.build, symmetric),
}
"""Any architecture of `keras.applications` is one row; `BACKBONES` in `names` has their names."""
