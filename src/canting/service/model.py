"""The model of the service: loaded once, or the reason why not."""

from pathlib import Path
from typing import NamedTuple

from canting.bundle import BundleError, Classifier, load


class Model(NamedTuple):
    """A classifier, or a code and a reason."""

    classifier: Classifier | None
    code: str = ""
    problem: str = ""


def load_model(folder: Path) -> Model:
    """Load the bundle; a bad one is a reason, not an exception."""
    try:
        return Model(load(folder))
    except BundleError as error:
        return Model(None, error.code, str(error))
