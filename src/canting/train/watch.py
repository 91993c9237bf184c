"""Loss and accuracy on the test rows while a training runs."""

import time
from typing import Any

import keras

from canting.bundle.logits import cross_entropy
from canting.train.balance import Rows
from canting.train.batches import Data
from canting.train.prediction import answers


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Records loss and accuracy on the test rows after each epoch, and the seconds that took."""

    def __init__(self, data: Data, rows: Rows) -> None:
        """Take the rows to look at; none are looked at where there are none."""
        super().__init__()
        self._data, self._rows = data, rows
        self.loss: list[float] = []
        self.accuracy: list[float] = []
        self.seconds = 0.0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Look at the test rows."""
        if not len(self._rows):
            return
        start = time.perf_counter()
        logits = answers(self.model, self._data.store.view(0), self._rows)
        self.loss.append(cross_entropy(logits, self._data.targets[self._rows]))
        self.accuracy.append(float((logits.argmax(1) == self._data.targets[self._rows]).mean()))
        self.seconds += time.perf_counter() - start
