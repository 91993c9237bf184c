"""The bundle: all that a service needs, and no code to execute."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from canting.core import files
from canting.core.errors import CantingError
from canting.engine import Engine
from canting.export import export
from canting.logits import softmax
from canting.pictures import Pixels

TOLERANCE = 1e-4
"""Largest difference of a probability between Keras and LiteRT."""


class ExportError(CantingError):
    """A LiteRT model that does not answer as its Keras model does."""

    def __init__(self, difference: float, labels: int) -> None:
        """Say how far the two are apart."""
        super().__init__(
            f"`model.tflite`: expected probabilities within {TOLERANCE} of Keras's and the same "
            f"labels. Received: a difference of {difference:.2g} and {labels} other labels. The "
            f"bundle was not written; try another `backbone`."
        )


def write(
    model: keras.Model, pictures: Sequence[Pixels], card: dict[str, Any], path: Path
) -> float:
    """Write `model.tflite` and `card.json`; return the largest difference to Keras.

    Raises `ExportError` where the two differ on `pictures`; then nothing is written.
    """
    with files.replacing(path) as folder:
        folder.mkdir()
        export(model, folder / "model.tflite")
        difference = check(model, Engine(folder / "model.tflite"), pictures)
        digest = files.sha256(folder / "model.tflite")
        files.write_json(folder / "card.json", {**card, "model_sha256": digest})
    return difference


def check(model: keras.Model, engine: Engine, pictures: Sequence[Pixels]) -> float:
    """Return the largest difference of a probability between Keras and LiteRT."""
    batch = np.stack(pictures).astype(np.float32)
    expected = softmax(np.asarray(model.predict_on_batch(batch)["logits"]))
    received = softmax(np.stack([engine.answer(picture)["logits"] for picture in pictures]))
    difference = float(np.abs(expected - received).max())
    labels = int((expected.argmax(axis=1) != received.argmax(axis=1)).sum())
    if labels or not difference <= TOLERANCE:
        raise ExportError(difference, labels)
    return difference
