"""Input scaling: from RGB in 0…255 to what each backbone was trained on, as layers of the model.

The constants are those of `keras.applications.imagenet_utils.preprocess_input`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
from keras import applications, layers

from canting.config.catalog import SmallCnn, is_own, small_cnn
from canting.models.backbones import efficientnet_lite, hub, own

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


STAGES = 3
"""Of `small_cnn`: each ends by halving the resolution, and the next has twice the filters."""


def build(shape: tuple[int, int, int], setting: SmallCnn | None = None) -> keras.Model:
    """Return `small_cnn` without its classifier; it takes `x / 127.5 - 1`.

    Convolutions are shared out over the stages, as evenly as can be; one or two have a stage each.
    """
    depth, width, batch_norm = setting or SmallCnn()
    stages = [number * min(STAGES, depth) // depth for number in range(depth)]
    x = inputs = keras.Input(shape)
    for number, stage in enumerate(stages):
        x = _convolved(x, number, width * 2**stage, batch_norm)
        if stage not in stages[number + 1 :]:
            x = layers.MaxPooling2D(name=f"pool{stage}")(x)
    return keras.Model(inputs, x, name="small_cnn")


def _convolved(x: Any, number: int, filters: int, batch_norm: bool) -> Any:
    name = f"conv{number}"
    if not batch_norm:
        return layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)(x)
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(name=f"norm{number}")(x)
    return layers.ReLU(name=f"relu{number}")(x)


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
    "resnet18": Architecture(hub.resnet((2, 2, 2, 2)), torch, hub.resnet_of("resnet_18_imagenet")),
    "resnet34": Architecture(
        hub.resnet((3, 4, 6, 3)), torch, hub.resnet_of("hf://timm/resnet34.a1_in1k")
    ),
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
    "dinov2_small": Architecture(hub.dino, torch, hub.dino_with_weights),
    "small_cnn": Architecture(build, symmetric),
}
"""Any architecture of `keras.applications` is one row; `BACKBONES` in the catalogue has the
same names."""


def architecture(backbone: str) -> Architecture:
    """Return how a backbone is built: its row, `small_cnn` as its name asks, or one's own."""
    if is_own(backbone):
        return Architecture(partial(own.build, backbone), none)
    setting = small_cnn(backbone)
    if setting is not None:
        return Architecture(partial(build, setting=setting), symmetric)
    return TABLE[backbone]
