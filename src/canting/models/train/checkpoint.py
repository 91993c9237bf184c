"""The checkpoint file of a training."""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from canting.core import files
from canting.core.cache import read_whole
from canting.models.train.prediction import Watch

Arrays = list[npt.NDArray[Any]]


class TrainingState(NamedTuple):
    """What a training needs to go on after so many `epochs`, as if it had never stopped.

    `variables` of the model, seeds included, and of its optimizer; `best` weights of an early
    stopping, with what it counts; curves by name; seconds and processor seconds until then.
    """

    epochs: int
    seconds: float
    cpu_seconds: float
    history: dict[str, list[float]]
    watched: dict[str, list[float]]
    stopping: dict[str, float]
    variables: Arrays
    best: Arrays


NOTHING = TrainingState(0, 0.0, 0.0, {}, {}, {}, [], [])


def tell(state: Path, epochs: int) -> None:
    """Write the number of finished epochs beside a state, in a file that ends in `.epochs`."""
    files.write_text(_epochs_path(state), str(epochs))


def epochs_done(state: Path) -> int:
    """Return how many epochs of a running or killed training are done."""
    try:
        return int(_epochs_path(state).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _epochs_path(state: Path) -> Path:
    return state.with_suffix(".epochs")


def remove(state: Path) -> None:
    """Remove the state of a training that has ended."""
    state.unlink(missing_ok=True)
    _epochs_path(state).unlink(missing_ok=True)


def write(path: Path, state: TrainingState) -> None:
    """Write a state, whole or not at all."""
    told: dict[str, Any] = state._asdict()
    arrays = {name: told.pop(name) for name in ("variables", "best")}
    named = {f"{name}_{n}": array for name, many in arrays.items() for n, array in enumerate(many)}
    with files.replacing(path) as aside, aside.open("wb") as file:
        np.savez(file, told=np.array(json.dumps(told)), **named)


def read(path: Path) -> TrainingState:
    """Read a state; drop a damaged one with a warning. `NOTHING`: there is none."""
    return read_whole(path, _state) or NOTHING


def _state(path: Path) -> TrainingState:
    with path.open("rb") as file, np.load(file) as content:
        told = json.loads(str(content["told"]))
        return TrainingState(
            **told, variables=_many(content, "variables"), best=_many(content, "best")
        )


def _many(content: Any, name: str) -> Arrays:
    count = sum(key.startswith(f"{name}_") for key in content.files)
    return [content[f"{name}_{place}"] for place in range(count)]


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
        self.start = read(path) if path else NOTHING
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
            tell(self._path, self.start.epochs)
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
        tell(self._path, epoch)
        if time.perf_counter() - self._last < EVERY:
            return
        write(self._path, self._state(epoch))
        self._last = time.perf_counter()

    def _state(self, epoch: int) -> TrainingState:
        stopping, best = {}, []
        if self._stopping is not None:
            stopping = {name: getattr(self._stopping, name) for name in STOPPING}
            best = list(self._stopping.best_weights or [])
        return TrainingState(
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
