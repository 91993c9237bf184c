"""Training of all scenarios × folds: missing ones are trained, tables are made from the cache."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from canting.bundle.logits import LOGIT
from canting.config.columns import LABEL, PATH
from canting.config.params import Params
from canting.core import parallel
from canting.models.features.store import slug
from canting.models.train import fold
from canting.models.train.fold import FoldTask
from canting.models.train.outcome import FoldOutcome


class Tables(NamedTuple):
    """What the train stage writes, one row for each …

    `scenarios`: scenario, with its keys and why it failed, if it did; `predictions`: picture of a
    fold, with its out-of-fold logits; `curves`: epoch of a fold; `costs`: fold, in seconds.
    """

    scenarios: pd.DataFrame
    predictions: pd.DataFrame
    curves: pd.DataFrame
    costs: pd.DataFrame


def train(params: Params, table: pd.DataFrame, features: Path, cache: Path) -> Tables:
    """Train every scenario on every fold, over all cores; a kept outcome is not trained again."""
    tasks = [
        FoldTask(scenario, number, params, table, features / slug(*scenario.trunk), cache)
        for scenario in params.scenarios()
        for number in range(params.folds)
    ]
    complete(tasks)
    return _tables(tasks, [loaded(task)._replace(weights=[]) for task in tasks])


def complete(tasks: Sequence[FoldTask]) -> None:
    """Train every task that has no kept outcome, over all cores or GPUs."""
    missing = [task for task in tasks if fold.load(task) is None]
    if not missing:
        return
    with fold.progress("train", missing):
        gpus = missing[0].params.compute.chosen().gpus
        for _ in parallel.silent(fold.run, missing, workers="processes", gpus=gpus):
            pass


def loaded(task: FoldTask) -> FoldOutcome:
    """Return the outcome of a task that is complete."""
    outcome = fold.load(task)
    assert outcome is not None
    return outcome


def _tables(tasks: Sequence[FoldTask], outcomes: Sequence[FoldOutcome]) -> Tables:
    pairs = list(zip(tasks, outcomes, strict=True))
    keys = {task.scenario.name: task.scenario.model_dump() for task in tasks}
    failures = {task.scenario.name: outcome.failure for task, outcome in pairs if outcome.failure}
    scenarios = [{"scenario": name, **values} for name, values in keys.items()]
    return Tables(
        pd.DataFrame(scenarios).assign(failure=[failures.get(name, "") for name in keys]),
        pd.concat([_predictions(*pair) for pair in pairs], ignore_index=True),
        pd.concat([_curves(*pair) for pair in pairs], ignore_index=True),
        pd.DataFrame([{**_of(task), **_seconds(outcome)} for task, outcome in pairs]),
    )


def _seconds(outcome: FoldOutcome) -> dict[str, float]:
    return {"seconds": outcome.seconds, "cpu_seconds": outcome.cpu_seconds}


def _of(task: FoldTask) -> dict[str, str | int]:
    return {"scenario": task.scenario.name, "fold": task.fold}


def _predictions(task: FoldTask, outcome: FoldOutcome) -> pd.DataFrame:
    pictures = task.table.iloc[outcome.rows]
    logits = pd.DataFrame(outcome.logits, columns=[LOGIT + label for label in task.classes])
    named = pictures[[PATH, LABEL]].reset_index(drop=True).assign(**_of(task))
    return pd.concat([named, logits], axis=1)


def _curves(task: FoldTask, outcome: FoldOutcome) -> pd.DataFrame:
    epochs = range(1, len(outcome.curves["loss"]) + 1)
    return pd.DataFrame({**_of(task), "epoch": epochs, **outcome.curves})
