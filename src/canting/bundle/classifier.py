"""The classifier of a bundle: picture in, answer out, from many threads at once."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from canting.bundle import load
from canting.bundle.activation import activation
from canting.bundle.answer import UNLIKE_TRAINING, Answer, ModelOutputError, notes
from canting.bundle.arrays import Arrays
from canting.bundle.card import Card
from canting.bundle.engine import Engine
from canting.bundle.logits import softmax
from canting.bundle.unlikeness import distance, energy, unlikeness
from canting.imaging import given, pictures
from canting.imaging.given import Given
from canting.imaging.pictures import Picture, Pixels


class Classifier(NamedTuple):
    """A loaded bundle; nothing of it changes while it answers."""

    card: Card
    engine: Engine
    arrays: Arrays
    samples: tuple[bytes, ...]

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> Self:
        """Load a bundle's folder, checked part by part; nothing in it is executed.

        Raises `BundleError`, which is a `CantingError`, where a piece is absent, damaged, or of
        another model.
        """
        return cls(*load.load(Path(folder)))

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the logits."""
        return self.card.labels

    @property
    def digest(self) -> str:
        """SHA-256 of `model.tflite`."""
        return self.card.model_sha256

    @property
    def version(self) -> str:
        """A short name for people: the backbone and the start of the digest."""
        return f"{self.card.scenario.get('backbone', 'model')}-{self.digest[:8]}"

    def classify(self, picture: Given, *, overlay: bool = False) -> Answer:
        """Answer for a picture: a path, a file's bytes, Pillow's image, or `(h, w, 3) uint8` RGB.

        It may be of any size and format that is read; files and Pillow's images are turned upright
        by their EXIF orientation. `overlay` asks for the activation, `(h, w) float32`. Raises
        `PictureError` for what is no picture, `CantingError` for a file that cannot be read, and
        `ModelOutputError` for NaN or infinity; all are `CantingError`. Threads may call it at once.
        """
        return self.decoded(given.picture(picture), overlay=overlay)

    def decoded(self, taken: Picture, *, overlay: bool = False) -> Answer:
        """Answer for a decoded picture of any size."""
        size = self.card.image_size
        answer = self.answer(pictures.resize(taken.image, size), overlay=overlay)
        warnings = notes(taken.size, size, animated=taken.animated)
        return answer._replace(warnings=(*warnings, *taken.warnings))

    def answer(self, pixels: Pixels, *, overlay: bool = False) -> Answer:
        """Answer for an upright picture of the model's size, without warnings."""
        said = self.engine.answer(pixels)
        for name, values in said.items():
            if not np.isfinite(values).all():
                raise ModelOutputError(name)
        chances = softmax(said["logits"][None] / self.card.temperature)[0]
        place, away = int(chances.argmax()), self._distance(said)
        if not (np.isfinite(chances).all() and np.isfinite(away)):
            raise ModelOutputError("probabilities")
        return Answer(
            label=self.labels[place],
            probability=float(chances[place]),
            probabilities=dict(zip(self.labels, chances.tolist(), strict=True)),
            abstained=away > 1,
            reason=UNLIKE_TRAINING if away > 1 else "",
            distance=away,
            activation=activation(said["map"], self.arrays.kernel, place) if overlay else None,
            warnings=(),
        )

    def _distance(self, said: Mapping[str, npt.NDArray[np.float32]]) -> float:
        """Return the larger of unlikeness and energy, each 1 at its threshold.

        It is 0 where abstention is switched off; energy counts where the card has a scale of it.
        """
        told = self.card.abstention
        if told is None:
            return 0.0
        unlike = unlikeness(said["pooled"][None], self.arrays.prototypes)
        scale = (told.energy.middle, told.energy.threshold) if told.energy else None
        energies = energy(said["logits"][None])
        return float(distance(unlike, told.threshold, energies, scale)[0])
