"""Names that `params.yaml` may use, known without importing a framework."""

from typing import Literal

BACKBONES: dict[str, Literal["package", "keras", "none"]] = {
    "efficientnet_lite0": "package",
    "efficientnet_lite1": "package",
    "efficientnet_lite2": "package",
    "mobilenet_v2": "keras",
    "mobilenet_v3_small": "keras",
    "mobilenet_v3_large": "keras",
    "resnet50": "keras",
    "vgg19": "keras",
    "densenet121": "keras",
    "efficientnet_b0": "keras",
    "efficientnet_v2_b0": "keras",
    "inception_v3": "keras",
    "small_cnn": "none",
}
"""Rows of `canting.models.backbones.table.TABLE` and where their ImageNet weights come from: an installed
package, a file or Keras's download, or nowhere: trained from scratch."""

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

METHODS = ("none", "grid", "random", "bayesian", "hyperband")
"""Ways to search for a good setting; `none`: nothing is tuned."""

SHIFTS = (
    "crop",
    "rotation",
    "perspective",
    "grey",
    "invert",
    "tint",
    "dark",
    "bright",
    "contrast",
    "blur",
    "jpeg",
)
"""Kinds of change that `canting.evaluation.corruptions.changes.KINDS` makes of a picture."""
