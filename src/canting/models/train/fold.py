"""Training of one (scenario, fold), cached under a hash of everything that determines it."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.config.columns import FOLD, LABEL, PATH
from canting.config.params import Params
from canting.config.scenario import Scenario
from canting.core import files, frames, runtime
from canting.core.cache import read_whole
from canting.core.cluster.portable import Need
from canting.core.keys import code_key
from canting.core.progress import polled
from canting.data import manifest
from canting.data.manifest import HELD_OUT
from canting.models.features import store
from canting.models.features.drawn import opened
from canting.models.train import checkpoint, outcome
from canting.models.train.outcome import FoldOutcome


class FoldTask(NamedTuple):
    """What one training needs, small enough to send to a worker.

    The fold `HELD_OUT` trains on everything that is not held out, and tests on the hold-out.
    Pictures of no class are trained with, as one further output, and never tested; what leaves a
    training is of the classes alone.
    """

    scenario: Scenario
    fold: int
    params: Params
    table: pd.DataFrame
    features: Path
    cache: Path

    def needs(self) -> list[Need]:
        """Return the features."""
        return store.needs(self.features)

    def makes(self) -> list[str]:
        """Return the name of the outcome."""
        return [path(self).relative_to(self.cache).as_posix()]

    def moved(self) -> "FoldTask":
        """Return the task for another machine."""
        folder = store.moved(opened(self.features).key)
        return self._replace(features=folder, cache=Path())

    @property
    def classes(self) -> list[str]:
        """Labels in the order of the logits."""
        return manifest.classes(self.table)


def read_table(folds: Path) -> pd.DataFrame:
    """Read the table of folds; labels stay text, also those that look like numbers or like NA."""
    return pd.read_csv(folds, dtype={"path": str, "label": str}, keep_default_na=False)


def path(task: FoldTask) -> Path:
    """Return where the outcome of a task is kept."""
    return place(task, opened(task.features).key)


def place(task: FoldTask, features: str) -> Path:
    """Return where the outcome of a task is kept, from the key of its features."""
    made_from = files.digest(
        task.scenario.model_dump(),
        task.fold,
        features,
        frames.digest(task.table, PATH, LABEL, FOLD, "group"),
        task.params.train.model_dump(),
        [task.params.seed, *task.params.image_size],
        code_key(train),
        *task.params.compute.chosen().key,
    )
    return task.cache / "train" / f"{made_from}.npz"


def load(task: FoldTask) -> FoldOutcome | None:
    """Return a kept outcome; drop a damaged one with a warning and return `None`."""
    return read_whole(path(task), outcome.load)


def state(task: FoldTask) -> Path:
    """Return where the state of a task is kept while it trains."""
    return path(task).with_suffix(".state")


def run(task: FoldTask) -> None:
    """Train one task in a process of its own and keep its outcome."""
    runtime.prepare(threads=1)
    runtime.import_keras(task.params.compute.precision)
    train(task)


def train(task: FoldTask) -> FoldOutcome:
    """Train one task in this process, keep its outcome and return it."""
    trained = _outcome(task)
    outcome.save(path(task), trained)
    checkpoint.remove(state(task))
    return trained


def rebuilt(task: FoldTask, weights: Sequence[npt.NDArray[Any]]) -> Any:
    """Return the tail of a task with the weights that its training ended with, in float32."""
    from canting.models.train import tail

    shape = opened(task.features).shape
    params = task.params
    settings = params.train.model_copy(update={"precision": "float32"})
    model = tail.build(task.scenario, params.image_size, shape, len(task.classes), settings)
    model.set_weights(weights)
    return model


def progress(label: str, tasks: Sequence[FoldTask]) -> AbstractContextManager[None]:
    """Show how many epochs of some tasks are done while they train, in whatever process."""
    paths = [(task.scenario.epochs, path(task), state(task)) for task in tasks]
    total = sum(epochs for epochs, _, _ in paths)

    def done() -> int:
        return sum(
            epochs if ended.exists() else checkpoint.epochs_done(running)
            for epochs, ended, running in paths
        )

    return polled(label, total, "epoch", done)


def _outcome(task: FoldTask) -> FoldOutcome:
    from canting.models.train import fit, prediction, tail

    start = time.process_time()
    folds = task.table[FOLD].to_numpy()
    data = as_data(task)
    test = np.flatnonzero(manifest.of_class(task.table) & (folds == task.fold))
    train = np.flatnonzero((folds != HELD_OUT) & (folds != task.fold))
    settings = task.params.train
    trained = fit.fit(
        task.scenario, data, train, test, seed=_seed(task), settings=settings, backup=state(task)
    )
    curves = {name: np.asarray(values) for name, values in trained.curves._asdict().items()}
    weights = tail.weights_of(trained.model, data.classes)
    used = trained.earlier_cpu_seconds + time.process_time() - start
    logits = trained.logits
    if settings.precision != "float32":
        logits = prediction.predict(rebuilt(task, weights), data.store, test)
    failure = _failure(trained.curves.loss, logits)
    return FoldOutcome(test, logits, curves, trained.seconds, used, failure, weights)


def _seed(task: FoldTask) -> int:
    seed = task.params.seed
    return seed if task.fold == HELD_OUT else runtime.derived_seed(seed, task.fold)


def as_data(task: FoldTask) -> Any:
    """Return what `fit` trains on."""
    from canting.models.train.batches import data_of

    return data_of(task.table, task.features, task.params.image_size)


def _failure(losses: list[float], logits: npt.NDArray[np.float32]) -> str:
    if np.isfinite(losses[-1]) and np.isfinite(logits).all():
        return ""
    return f"the loss became {losses[-1]} in epoch {len(losses)}"
