"""Sample pictures that a page offers to try."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from canting.bundle.classifier import Classifier
from canting.bundle.engine import Engine
from canting.bundle.logits import softmax
from canting.config.columns import LABEL, PATH
from canting.core import files
from canting.core.errors import CantingError
from canting.imaging.pictures import Pixels, decode
from canting.models.export import export

CLASSES, PER_CLASS = 6, 2

LONGEST = 512
"""Longer side of a sample in pixels."""


def samples(right: pd.DataFrame, folder: Path) -> dict[str, bytes]:
    """Return JPEG files by name, `label/number.jpg`: for six labels up to two pictures.

    `right` has the columns `path`, below `folder`, `label` and `sha256`, of pictures that were
    answered right out of fold. Those with the smallest digests are taken, which has nothing to do
    with what they show. Nothing but the pixels is kept: no EXIF, no comments.
    """
    labels = sorted(right[LABEL].unique())[:CLASSES]
    shown = right[right[LABEL].isin(labels)].sort_values("sha256", kind="stable")
    found = {}
    for label, part in shown.groupby(LABEL):
        for number, path in enumerate(part[PATH].head(PER_CLASS), start=1):
            found[f"{label}/{number}.jpg"] = _shrunk(folder / path)
    return found


def _shrunk(path: Path) -> bytes:
    image = decode(path).image
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(image)).save(buffer, "JPEG", quality=85, optimize=True)
    return buffer.getvalue()


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


class Contents(NamedTuple):
    """What goes into a bundle beside the model.

    `arrays` are those of `canting.bundle.arrays`, by name; `samples` are JPEG files by their
    path below `samples`.
    """

    card: Mapping[str, Any]
    arrays: Mapping[str, npt.NDArray[np.float32]]
    samples: Mapping[str, bytes]


def write(model: keras.Model, pictures: Sequence[Pixels], contents: Contents, path: Path) -> float:
    """Write the folder of a bundle; return the largest difference to Keras.

    Raises `ExportError` where the two differ on `pictures`, `BundleError` where the service could
    not load what was written; then the bundle is what it was before.
    """
    with files.replacing(path) as folder:
        folder.mkdir()
        export(model, folder / "model.tflite")
        difference = check(model, Engine(folder / "model.tflite"), pictures)
        np.savez(folder / "arrays.npz", allow_pickle=False, **dict(contents.arrays))
        for name, content in contents.samples.items():
            (folder / "samples" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "samples" / name).write_bytes(content)
        names = {"model_sha256": "model.tflite", "arrays_sha256": "arrays.npz"}
        digests = {key: files.sha256(folder / name) for key, name in names.items()}
        files.write_json(folder / "card.json", {**contents.card, **digests})
        Classifier.load(folder)
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
