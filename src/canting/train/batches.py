"""Batches of features for Keras: a new view of every picture each epoch."""

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from canting.features.store import Store

Rows = npt.NDArray[np.int64]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Shuffled batches of some rows; epoch e (from 0) takes view 1 + e mod views."""

    def __init__(
        self,
        store: Store,
        rows: Rows,
        targets: npt.NDArray[np.int64],
        batch_size: int,
        seed: int,
        weights: npt.NDArray[np.float32],
    ) -> None:
        """Take the rows of `store` to train on, the class of every picture, a weight a class."""
        super().__init__()
        self._store, self._rows, self._targets = store, rows, targets
        self._weights = weights
        self._batch_size, self._seed = batch_size, seed
        self._start(0)

    def __len__(self) -> int:
        return math.ceil(len(self._rows) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[npt.NDArray[Any], ...]:
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        targets = self._targets[rows]
        return np.asarray(self._view[rows]), targets, self._weights[targets]

    def on_epoch_end(self) -> None:
        """Go on to the next view, in a new order."""
        self._start(self._epoch + 1)

    def _start(self, epoch: int) -> None:
        self._epoch = epoch
        augmented = self._store.augmented
        self._view = self._store.view(1 + epoch % augmented if augmented else 0)
        self._order = np.random.default_rng([self._seed, epoch]).permutation(self._rows)
