"""What a classifier says of one picture."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from canting.core.errors import CantingError

UNLIKE_TRAINING = "unlike_training"
"""Reason of an abstention: the picture is farther from the training pictures than these allow."""


class Answer(NamedTuple):
    """A label with calibrated probabilities, or an abstention.

    `probabilities` are in the order of the card and sum to 1; `label` is the likeliest also where
    `abstained` is true, with the machine word `reason`. A `distance` above 1 means abstention.
    `activation`, `(h, w) float32` in 0…1, shows what speaks for the label; only where asked for.
    `warnings` are machine words: `animated`, `small`, `no_end`.
    """

    label: str
    probability: float
    probabilities: dict[str, float]
    abstained: bool
    reason: str
    distance: float
    activation: npt.NDArray[np.float32] | None
    warnings: tuple[str, ...]


class ModelOutputError(CantingError):
    """A model that answers with NaN or infinity."""

    def __init__(self, name: str) -> None:
        """Name the output."""
        super().__init__(
            f"`model.tflite`: expected finite numbers as `{name}`. Received: NaN or infinity. "
            f"This picture gets no answer; train again and write another bundle."
        )


def notes(size: tuple[int, int], shape: tuple[int, int], *, animated: bool) -> tuple[str, ...]:
    """Return machine words for a picture of (width, height) in a model of (height, width).

    `animated`: of several frames only the first was looked at. `small`: the picture has less than
    half the model's height or width.
    """
    small = size[1] < shape[0] / 2 or size[0] < shape[1] / 2
    found = {"animated": animated, "small": small}
    return tuple(name for name, is_so in found.items() if is_so)
