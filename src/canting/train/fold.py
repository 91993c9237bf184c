"""One (scenario, fold), kept under a hash of everything that made it."""

import time
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.core import files, runtime
from canting.core.params import Params
from canting.core.scenario import Scenario
from canting.core.source import code_digest
from canting.features import store
from canting.train import outcome
from canting.train.outcome import Outcome

TRAINED_BY = ("train", "backbones", "core/runtime", "features/store", "logits")
"""Code that decides on the outcome of a training."""


class Task(NamedTuple):
    """What one training needs, small enough to send to a worker."""

    scenario: Scenario
    fold: int
    params: Params
    table: pd.DataFrame
    features: Path
    cache: Path

    @property
    def classes(self) -> list[str]:
        """Labels in the order of the logits."""
        return sorted(self.table["label"].unique())


def read_table(folds: Path) -> pd.DataFrame:
    """Read the table of folds; labels stay text, also those that look like numbers or like NA."""
    return pd.read_csv(folds, dtype={"path": str, "label": str}, keep_default_na=False)


def path(task: Task) -> Path:
    """Return where the outcome of a task is kept."""
    made_from = files.digest(
        task.scenario.model_dump(),
        task.fold,
        store.Store(task.features).key,
        task.table[["path", "label", "fold", "group"]].to_csv(index=False),
        task.params.train.model_dump(),
        [task.params.seed, *task.params.image_size],
        runtime.versions(),
        code_digest(*TRAINED_BY),
    )
    return task.cache / "train" / f"{made_from}.npz"


def load(task: Task) -> Outcome | None:
    """Return a kept outcome; drop a damaged one with a warning and return `None`."""
    kept = path(task)
    if not kept.exists():
        return None
    try:
        return outcome.load(kept)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        warnings.warn(f"`{kept}` is damaged and is made again ({error}).", stacklevel=2)
        kept.unlink()
        return None


def run(task: Task) -> None:
    """Train one task in this process and keep its outcome."""
    runtime.prepare(threads=1)
    runtime.import_keras()
    outcome.save(path(task), _outcome(task))


def rebuilt(task: Task, weights: Sequence[npt.NDArray[Any]]) -> Any:
    """Return the tail of a task with the weights that its training ended with."""
    from canting.train import tail

    shape = store.Store(task.features).shape
    model = tail.build(task.scenario, task.params.image_size, shape, len(task.classes))
    model.set_weights(weights)
    return model


def _outcome(task: Task) -> Outcome:
    from canting.train import fit

    start = time.process_time()
    folds = task.table["fold"].to_numpy()
    data = as_data(task)
    test = np.flatnonzero(folds == task.fold)
    train = np.flatnonzero((folds >= 0) & (folds != task.fold))
    seed = runtime.derived_seed(task.params.seed, task.fold)
    settings = task.params.train
    trained = fit.fit(task.scenario, data, train, test, seed=seed, settings=settings)
    logits = fit.predict(trained.model, data.store, test)
    failure = "" if np.isfinite(logits).all() else _failure(trained.curves.loss)
    curves = {name: np.asarray(values) for name, values in trained.curves._asdict().items()}
    weights = trained.model.get_weights()
    used = time.process_time() - start
    return Outcome(test, logits, curves, trained.seconds, used, failure, weights)


def as_data(task: Task) -> Any:
    """Return what `fit` trains on."""
    from canting.train.batches import data_of

    return data_of(task.table, task.classes, task.features, task.params.image_size)


def _failure(losses: list[float]) -> str:
    return f"the loss became {losses[-1]} in epoch {len(losses)}"
