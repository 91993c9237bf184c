"""Files of ImageNet weights: where each backbone's are, known without importing a framework."""

import os
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from canting.config.catalog import backbone_of, is_own
from canting.config.own_network import source
from canting.core import files
from canting.core.errors import CantingError
from canting.core.keys import versions

FOLDER = "CANTING_WEIGHTS"
"""Environment variable that names the folder of weight files."""


class WeightsError(CantingError):
    """Weights that cannot be had or read."""

    def __init__(self, backbone: str, received: str) -> None:
        """Name the file, the folder and the backbone that needs neither."""
        super().__init__(
            f"`backbone: {backbone}`: expected its ImageNet weights in `{filename(backbone)}` in "
            f"the folder that `{FOLDER}` names (now: {os.environ.get(FOLDER) or 'not set'}), or "
            f"from Keras's own download. Received: {received}. Put the file there, or use "
            f"`backbone: efficientnet_lite0`, whose weights are installed with canting."
        )


def filename(backbone: str) -> str:
    """Return the name of a backbone's weight file, as Keras downloads it."""
    return backbone_of(backbone).file


def locate(backbone: str) -> Path | None:
    """Return the file that holds a backbone's weights, or `None` if there is none here.

    One that was saved with Keras is named `<backbone>_imagenet_notop.weights.h5`.
    """
    if backbone_of(backbone).weights == "package":
        return _packaged(backbone_of(backbone).package)
    folder = os.environ.get(FOLDER)
    names = (filename(backbone), f"{backbone}_imagenet_notop.weights.h5")
    paths = [Path(folder) / name for name in names] if folder else []
    return next((path for path in paths if path.is_file()), None)


def identity(backbone: str) -> str:
    """Return what identifies these weights: their file's digest, or Keras's version.

    That of a network of one's own is its source.
    """
    if is_own(backbone):
        return source(backbone)
    path = locate(backbone)
    made_with = f"{_hub()} " if backbone_of(backbone).weights == "hub" else ""
    return made_with + (files.sha256(path) if path else f"keras {version('keras')}")


def identities(trunks: Iterable[tuple[str, str | None]]) -> list[Callable[[], str]]:
    """Return what asks for the weights of all backbones of which more than a classifier is trained.

    Trunks are a backbone and the layer that its tail starts at.
    """
    names = {backbone for backbone, cut in trunks if cut}
    return [partial(identity, name) for name in sorted(names)]


def _hub() -> str:
    (found,) = versions(["keras-hub"])
    return found


def _packaged(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise CantingError(f"The package `{package}` is missing. Install `canting[train]`.")
    return next((Path(spec.origin).parent / "models").glob("*.pth"))
