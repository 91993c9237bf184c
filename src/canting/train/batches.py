"""Batches of features for Keras: a new view of every picture each epoch."""

import math
from typing import Any, Literal, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from canting.features.store import Store
from canting.train.balance import Rows, balanced, oversampled
from canting.train.mixup import mix


class Data(NamedTuple):
    """Features with the class and the group of every picture."""

    store: Store
    targets: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    size: tuple[int, int]
    classes: int


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Shuffled batches of some rows; epoch e (from 0) takes view 1 + e mod views.

    A batch is `(features, one-hot targets (n, classes), weights (n,))`.
    """

    def __init__(
        self,
        data: Data,
        rows: Rows,
        batch_size: int,
        seed: int,
        balance: Literal["none", "class_weights", "oversampling"] = "none",
        mixup: float = 0.0,
    ) -> None:
        """Take the rows of `data` to train on; rare classes may be weighted or repeated."""
        super().__init__()
        self._data, self._rows = data, rows
        self._batch_size, self._seed = batch_size, seed
        self._mixup = mixup
        self._repeat = balance == "oversampling"
        self._weights = np.ones(data.classes, np.float32)
        if balance == "class_weights":
            self._weights = balanced(data.targets[rows], data.classes)
        self._one_hot = np.eye(data.classes, dtype=np.float32)
        self._start(0)

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[npt.NDArray[Any], ...]:
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        targets = self._data.targets[rows]
        batch = np.asarray(self._view[rows]), self._one_hot[targets], self._weights[targets]
        if not self._mixup:
            return batch
        generator = np.random.default_rng([self._seed, self._epoch, index])
        return mix(batch, self._mixup, generator)

    def on_epoch_end(self) -> None:
        """Go on to the next view, in a new order."""
        self._start(self._epoch + 1)

    def _start(self, epoch: int) -> None:
        self._epoch = epoch
        store, generator = self._data.store, np.random.default_rng([self._seed, epoch])
        self._view = store.view(1 + epoch % store.augmented if store.augmented else 0)
        rows = (
            oversampled(self._rows, self._data.targets, generator) if self._repeat else self._rows
        )
        self._order = generator.permutation(rows)
