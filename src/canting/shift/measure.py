"""Out-of-fold predictions of one scenario on changed pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.models.features.compute import Pictures
from canting.models.features.store import Array
from canting.models.train import fold, grid, prediction
from canting.models.train.fold import FoldTask
from canting.shift import measured
from canting.shift.answers import Changed, answers
from canting.shift.measured import UNCHANGED, Cell, Rows


def measure(tasks: Sequence[FoldTask], pictures: Pictures) -> pd.DataFrame:
    """Return a row for each measured picture and change: kind, level, label, predicted.

    `tasks` are those of one scenario, one a fold; what was not trained or is not kept is trained.
    """
    first = tasks[0]
    params, of_fold = first.params, first.table["fold"].to_numpy()
    rows = measured.rows(first.table, pictures.digests, params.shift.pictures)
    cells = measured.cells(params.shift.leave_out)
    wanted = Changed(pictures, rows, cells, params.features.test_views, params.seed)
    made = answers(*first.scenario.trunk, wanted, first.cache, params.features.levels)
    tails, kept = _trained(tasks)
    logits = out_of_fold(tails, made, of_fold[rows])
    pairs = [(UNCHANGED, kept[rows]), *zip(cells, logits, strict=True)]
    return pd.concat([_predictions(first, rows, *pair) for pair in pairs], ignore_index=True)


def _trained(tasks: Sequence[FoldTask]) -> tuple[list[Any], npt.NDArray[np.float32]]:
    """Return the tail of each fold, and what they say of the pictures as they are."""
    grid.complete(tasks)
    outcomes = [grid.loaded(task) for task in tasks]
    logits = np.zeros((len(tasks[0].table), len(tasks[0].classes)), np.float32)
    for outcome in outcomes:
        logits[outcome.rows] = outcome.logits
    pairs = zip(tasks, outcomes, strict=True)
    return [fold.rebuilt(task, outcome.weights) for task, outcome in pairs], logits


def out_of_fold(
    tails: Sequence[Any], changes: Sequence[Sequence[Array]], folds: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return logits, `(changes, n, classes)`: each row by the tail that was trained without it.

    Tail after tail, as Keras compiles each once for all changes.
    """
    logits = np.zeros((len(changes), len(folds), tails[0].output_shape[-1]), np.float32)
    for number, tail in enumerate(tails):
        rows = np.flatnonzero(folds == number)
        for place, views in enumerate(changes if len(rows) else ()):
            logits[place, rows] = prediction.mean_answers(tail, views, rows)
    return logits


def _predictions(
    task: FoldTask, rows: Rows, cell: Cell, logits: npt.NDArray[np.float32]
) -> pd.DataFrame:
    labels = np.asarray(task.classes, dtype=object)
    return pd.DataFrame(
        {
            "kind": cell.kind,
            "level": float(cell.level),
            "label": task.table["label"].to_numpy()[rows],
            "predicted": labels[logits.argmax(axis=1)],
        }
    )
