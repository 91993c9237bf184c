"""Training of all scenarios × folds: missing ones are trained, tables are made from the cache."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from canting.bundle.logits import LOGIT
from canting.config.columns import FOLD, LABEL, PATH, SCENARIO
from canting.config.params import Params
from canting.config.tables import REPEAT, fold_column
from canting.core import parallel
from canting.core.errors import CantingError
from canting.data.manifest import HELD_OUT
from canting.models.backbones.weight_files import identities
from canting.models.features.store import slug
from canting.models.train import fold
from canting.models.train.fold import FoldTask
from canting.models.train.outcome import FoldOutcome

TRIES = 2
"""Times that an outcome is asked for which comes damaged from the disk or the storage."""


class Tables(NamedTuple):
    """What the train stage writes, one row for each …

    `scenarios`: scenario, with its keys and why it failed, if it did; `predictions`: picture of a
    fold, with its out-of-fold logits; `curves`: epoch of a fold; `costs`: fold, in seconds.
    Predictions and curves are of the first draw of the folds; `repeats` has the predictions of
    further ones, told apart by `repeat`, and is empty where there are none.
    """

    scenarios: pd.DataFrame
    predictions: pd.DataFrame
    curves: pd.DataFrame
    costs: pd.DataFrame
    repeats: pd.DataFrame


class DrawnTask(NamedTuple):
    """A task, and the draw of the folds that it is of, counted from 1."""

    draw: int
    task: FoldTask


def train(params: Params, table: pd.DataFrame, features: Path, cache: Path) -> Tables:
    """Train every scenario on every fold of every draw, over all cores; what is kept stays."""
    tasks = drawn_tasks(params, table, features, cache)
    complete([one.task for one in tasks])
    return _tables(tasks, [loaded(one.task)._replace(weights=[]) for one in tasks])


def drawn_tasks(
    params: Params, table: pd.DataFrame, features: Path, cache: Path
) -> list[DrawnTask]:
    """Return the tasks of all scenarios, one after another, with all folds of all draws.

    `table` is that of the folds; a draw without a column of its own has the folds of the first.
    """
    draws = range(1, params.repeats + 1)
    drawn = [(draw, params.of_draw(draw), _of_draw(table, draw)) for draw in draws]
    return [
        DrawnTask(
            draw,
            FoldTask(scenario, number, ours, folds, features / slug(*scenario.trunk), cache),
        )
        for scenario in params.scenarios()
        for draw, ours, folds in drawn
        for number in range(params.folds)
    ]


def tasks_of_folds(
    params: Params, table: pd.DataFrame, features: Path, cache: Path
) -> list[FoldTask]:
    """Return the tasks of all scenarios with all folds of the first draw."""
    return [one.task for one in drawn_tasks(params, table, features, cache) if one.draw == 1]


def tasks_on_all(
    params: Params, table: pd.DataFrame, features: Path, cache: Path
) -> dict[str, FoldTask]:
    """Return the task of each scenario that trains on every picture but the held-out ones."""
    return {
        one.name: FoldTask(one, HELD_OUT, params, table, features / slug(*one.trunk), cache)
        for one in params.scenarios()
    }


def _of_draw(table: pd.DataFrame, draw: int) -> pd.DataFrame:
    column = fold_column(draw)
    return table.assign(**{FOLD: table[column]}) if column in table else table


def complete(tasks: Sequence[FoldTask]) -> None:
    """Train every task that has no kept outcome, over all cores or GPUs.

    What a storage holds damaged is dropped there, with a warning, and trained.
    """
    missing = tasks
    for tries in range(TRIES + 1):
        missing = [task for task in missing if fold.load(task) is None]
        if not missing:
            return
        if tries:
            parallel.discard(name for task in missing for name in task.makes())
        if tries < TRIES:
            _train(missing)
    raise CantingError(
        f"`{missing[0].makes()[0]}`: expected a whole outcome. Received: a damaged one, {TRIES} "
        "times. Look after the disk of `.canting`, and after `compute.storage` where one is used."
    )


def _train(tasks: Sequence[FoldTask]) -> None:
    with fold.progress("train", tasks):
        params = tasks[0].params
        gpus, alike = params.compute.chosen().gpus, identities(params.trunks())
        trained = parallel.silent(fold.run, tasks, workers="processes", gpus=gpus, alike=alike)
        for _ in trained:
            pass


def loaded(task: FoldTask) -> FoldOutcome:
    """Return the outcome of a task that is complete."""
    outcome = fold.load(task)
    assert outcome is not None
    return outcome


def predictions(tasks: Sequence[FoldTask]) -> pd.DataFrame:
    """Return the out-of-fold logits of one scenario's complete tasks, a row a picture.

    Raises `CantingError` for a training that diverged.
    """
    outcomes = [loaded(task) for task in tasks]
    for task, outcome in zip(tasks, outcomes, strict=True):
        if outcome.failure:
            raise CantingError(
                f"`{task.scenario.name}`, trained without part {task.fold}: expected finite scores "
                f"as on the folds. Received: {outcome.failure}. Lower `learning_rate`."
            )
    pairs = zip(tasks, outcomes, strict=True)
    return pd.concat([_predictions(*pair) for pair in pairs], ignore_index=True)


def _tables(tasks: Sequence[DrawnTask], outcomes: Sequence[FoldOutcome]) -> Tables:
    every = list(zip(tasks, outcomes, strict=True))
    keys = {task.scenario.name: task.scenario.model_dump() for _, task in tasks}
    failures = {
        one.task.scenario.name: outcome.failure for one, outcome in every if outcome.failure
    }
    scenarios = [{SCENARIO: name, **values} for name, values in keys.items()]
    first = [(one.task, outcome) for one, outcome in every if one.draw == 1]
    costs = pd.DataFrame([{**_of(one.task), **_seconds(found)} for one, found in every])
    if len(first) < len(every):
        costs.insert(1, REPEAT, [one.draw for one in tasks])
    return Tables(
        pd.DataFrame(scenarios).assign(failure=[failures.get(name, "") for name in keys]),
        pd.concat([_predictions(*pair) for pair in first], ignore_index=True),
        pd.concat([_curves(*pair) for pair in first], ignore_index=True),
        costs,
        _repeats(every),
    )


def _repeats(every: Sequence[tuple[DrawnTask, FoldOutcome]]) -> pd.DataFrame:
    parts = [
        _predictions(one.task, outcome).assign(**{REPEAT: one.draw})
        for one, outcome in every
        if one.draw > 1
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _seconds(outcome: FoldOutcome) -> dict[str, float]:
    return {"seconds": outcome.seconds, "cpu_seconds": outcome.cpu_seconds}


def _of(task: FoldTask) -> dict[str, str | int]:
    return {SCENARIO: task.scenario.name, FOLD: task.fold}


def _predictions(task: FoldTask, outcome: FoldOutcome) -> pd.DataFrame:
    pictures = task.table.iloc[outcome.rows]
    logits = pd.DataFrame(outcome.logits, columns=[LOGIT + label for label in task.classes])
    named = pictures[[PATH, LABEL]].reset_index(drop=True).assign(**_of(task))
    return pd.concat([named, logits], axis=1)


def _curves(task: FoldTask, outcome: FoldOutcome) -> pd.DataFrame:
    epochs = range(1, len(outcome.curves["loss"]) + 1)
    return pd.DataFrame({**_of(task), "epoch": epochs, **outcome.curves})
