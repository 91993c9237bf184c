"""Training data in batches: class balancing and MixUp."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.config.sections import Train
from canting.data import manifest
from canting.models.features.drawn import ahead, opened
from canting.models.features.store import Store

Rows = npt.NDArray[np.int64]

CHUNK = 2**23
"""Bytes of features that go into a graph at once: few calls, and little memory."""


def balanced(targets: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.float32]:
    """Return a weight a class, `(classes,)`: pictures / (classes × pictures of the class)."""
    counts = np.bincount(targets, minlength=classes)
    return np.asarray(len(targets) / (classes * np.maximum(counts, 1)), dtype=np.float32)


def oversampled(rows: Rows, targets: npt.NDArray[np.int64], generator: np.random.Generator) -> Rows:
    """Repeat rows until every class has as many as the largest; what is left over is drawn."""
    classes = [rows[targets[rows] == number] for number in np.unique(targets[rows])]
    most = max(map(len, classes))
    whole = [np.repeat(ours, most // len(ours)) for ours in classes]
    rest = [generator.choice(ours, most % len(ours), replace=False) for ours in classes]
    return np.concatenate([*whole, *rest])


Array = npt.NDArray[Any]


def mix(
    arrays: tuple[Array, ...], alpha: float, generator: np.random.Generator
) -> tuple[Array, ...]:
    """Blend each example, in all arrays alike, with another of the batch.

    Shares are drawn from Beta(`alpha`, `alpha`), one an example; its own share is the larger one.
    """
    count = len(arrays[0])
    others = generator.permutation(count)
    drawn = generator.beta(alpha, alpha, count).astype(np.float32)
    own = np.maximum(drawn, 1 - drawn)
    return tuple(_blend(array, array[others], own) for array in arrays)


def _blend(array: Array, other: Array, own: Array) -> Array:
    share = own.reshape(-1, *[1] * (array.ndim - 1))
    return np.asarray(share * array + (1 - share) * other, dtype=np.float32)


class Data(NamedTuple):
    """Features with the class and the group of every picture.

    With `unknown` there are pictures of no class, whose target is `classes`.
    """

    store: Store
    targets: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    size: tuple[int, int]
    classes: int
    unknown: bool = False

    @property
    def outputs(self) -> int:
        """How many outputs are trained: the classes, and one for pictures of no class."""
        return self.classes + self.unknown


def data_of(table: pd.DataFrame, features: Path, size: tuple[int, int]) -> Data:
    """Return the features of a folder with class and group from the table of folds."""
    codes, groups = manifest.codes(table), table["group"].to_numpy(np.int64)
    count, unknown = len(manifest.classes(table)), not manifest.of_class(table).all()
    return Data(opened(features), codes, groups, size, count, unknown)


class Batches:
    """Shuffled batches of some rows; `start(e)` goes to view 1 + e mod views.

    A batch is `(features, one-hot targets (n, outputs), weights (n,))`, all float32.
    """

    def __init__(self, data: Data, rows: Rows, batch_size: int, seed: int, settings: Train) -> None:
        """Take the rows of `data` to train on; rare classes may be weighted or repeated."""
        self._data, self._rows = data, rows
        self._batch_size, self._seed = batch_size, seed
        self._settings = settings
        self._weights = np.ones(data.outputs, np.float32)
        if settings.balance == "class_weights":
            self._weights = balanced(data.targets[rows], data.outputs)
        self._one_hot = np.eye(data.outputs, dtype=np.float32)
        self.start(0)

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[Array, ...]:
        batch = self._of(self._rows_of(index))
        if not self._settings.mixup:
            return batch
        generator = np.random.default_rng([self._seed, self._epoch, index])
        return mix(batch, self._settings.mixup, generator)

    def joined(self, places: Sequence[int]) -> tuple[Array, ...]:
        """Return some batches one after another, and where each begins, with the end of the last.

        The last is `(batches + 1,) int32`.
        """
        sizes = [len(self._rows_of(place)) for place in places]
        starts = np.cumsum([0, *sizes], dtype=np.int32)
        if self._settings.mixup and places:
            batches = [self[place] for place in places]
            return *map(np.concatenate, zip(*batches, strict=True)), starts
        rows = [self._order[:0], *map(self._rows_of, places)]
        return *self._of(np.concatenate(rows)), starts

    def chunks(self, order: Sequence[int]) -> list[Sequence[int]]:
        """Divide an order of batches into parts that take up to `CHUNK` bytes, or one batch."""
        picture = 4 * math.prod(self._data.store.shape)
        count = max(1, CHUNK // (picture * self._batch_size))
        return [order[start : start + count] for start in range(0, len(order), count)]

    def parts(self, order: Sequence[int]) -> Iterator[tuple[Array, ...]]:
        """Yield all batches of an order, joined in parts."""
        return self.drawn(map(self.joined, self.chunks(order)))

    def drawn(self, parts: Iterator[tuple[Array, ...]]) -> Iterator[tuple[Array, ...]]:
        """Yield parts, made ahead of their use where views are drawn when they are asked for."""
        return ahead(parts) if self._data.store.is_drawn else parts

    def start(self, epoch: int) -> None:
        """Go to the view and the order of an epoch."""
        self._epoch = epoch
        store, generator = self._data.store, np.random.default_rng([self._seed, epoch])
        self._view = store.view(1 + epoch % store.augmented if store.augmented else 0)
        repeat = self._settings.balance == "oversampling"
        rows = oversampled(self._rows, self._data.targets, generator) if repeat else self._rows
        self._order = generator.permutation(rows)
        plain = generator.random(len(self._data.targets)) >= self._settings.augmentation
        self._plain = plain if self._settings.augmentation < 1 else None

    def _rows_of(self, index: int) -> Rows:
        return self._order[index * self._batch_size : (index + 1) * self._batch_size]

    def _of(self, rows: Rows) -> tuple[Array, ...]:
        targets = self._data.targets[rows]
        return self._features(rows), self._one_hot[targets], self._weights[targets]

    def _features(self, rows: Rows) -> Array:
        features = np.asarray(self._view[rows], np.float32)
        if self._plain is not None:
            plain = self._plain[rows]
            features[plain] = self._data.store.view(0)[rows[plain]]
        return features


def gathered(batches: Batches, epochs: Iterable[int]) -> Iterator[tuple[Array, ...]]:
    """Yield the batches of some epochs, joined in parts of at least `CHUNK` bytes but the last."""
    parts = [batches.joined(())]
    for epoch in epochs:
        batches.start(epoch)
        for places in batches.chunks(range(len(batches))):
            parts.append(batches.joined(places))
            if sum(part[0].nbytes for part in parts) >= CHUNK:
                yield _concatenated(parts)
                parts = []
    if parts:
        yield _concatenated(parts)


def _concatenated(parts: Sequence[tuple[Array, ...]]) -> tuple[Array, ...]:
    *arrays, starts = zip(*parts, strict=True)
    sizes = np.concatenate([np.diff(one) for one in starts])
    joined = np.cumsum([0, *sizes], dtype=np.int32)
    return *map(np.concatenate, arrays), joined
