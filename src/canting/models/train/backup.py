"""The checkpoint of a training, kept while Keras trains."""

import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from canting.models.train import checkpoint
from canting.models.train.prediction import Watch

EVERY = 60.0
"""Seconds between two copies of the state: short trainings write none, long ones lose little."""

STOPPING = ("wait", "best", "best_epoch", "stopped_epoch")
"""What an early stopping counts."""


class Backup(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the state at `path` as epochs begin, and starts from it where there is one.

    It comes after the other callbacks, whose state it keeps: their epoch has then begun as well.
    Beside it, a file that ends in `.epochs` tells how many epochs are done.
    """

    def __init__(
        self, path: Path | None, watch: Watch, stopping: keras.callbacks.EarlyStopping | None
    ) -> None:
        """Read the state, if there is one; nothing is kept without a path."""
        super().__init__()
        self._path, self._watch, self._stopping = path, watch, stopping
        self.start = checkpoint.read(path) if path else checkpoint.NOTHING
        self._began, self._began_cpu = time.perf_counter(), time.process_time()
        self._last = self._began

    @property
    def seconds(self) -> float:
        """Seconds of training up to now, without those of the watch."""
        return self.start.seconds + time.perf_counter() - self._began - self._watch.seconds

    @property
    def history(self) -> dict[str, list[float]]:
        """Curves of all epochs up to now, by Keras's names."""
        earlier = self.start.history
        return {k: earlier.get(k, []) + v for k, v in self.model.history.history.items()}

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Restore the state of a killed training."""
        if self._path:
            checkpoint.note_epochs(self._path, self.start.epochs)
        if not self.start.epochs:
            return
        for variable, value in zip(self._variables(), self.start.variables, strict=True):
            variable.assign(value)
        for name, values in self.start.watched.items():
            getattr(self._watch, name)[:] = values
        if self._stopping is not None:
            vars(self._stopping).update(self.start.stopping, best_weights=self.start.best or None)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Keep the state that an epoch begins with, unless one was kept a moment ago."""
        if self._path is None or epoch == self.start.epochs:
            return
        checkpoint.note_epochs(self._path, epoch)
        if time.perf_counter() - self._last < EVERY:
            return
        checkpoint.write(self._path, self._state(epoch))
        self._last = time.perf_counter()

    def _state(self, epoch: int) -> checkpoint.TrainingState:
        stopping, best = {}, []
        if self._stopping is not None:
            stopping = {name: getattr(self._stopping, name) for name in STOPPING}
            best = list(self._stopping.best_weights or [])
        return checkpoint.TrainingState(
            epoch,
            self.seconds,
            self.start.cpu_seconds + time.process_time() - self._began_cpu,
            self.history,
            {"loss": self._watch.loss, "accuracy": self._watch.accuracy},
            stopping,
            [np.asarray(variable) for variable in self._variables()],
            best,
        )

    def _variables(self) -> list[Any]:
        optimizer = self.model.optimizer
        if not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        return [*self.model.variables, *optimizer.variables]
