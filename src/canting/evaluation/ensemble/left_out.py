"""Trainings of the winner that leave each collection out.

Its refusals and its temperature are fixed on what these answer.
"""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from canting.config.columns import FOLD, PATH, SCENARIO
from canting.config.records import CalibrationRecord, CardRecord
from canting.core.digits import reproducible
from canting.core.frames import row_of
from canting.data.manifest import HELD_OUT, collections
from canting.data.preprocess.division import collection_table
from canting.evaluation.ensemble.averaging import together
from canting.evaluation.evaluate import tables
from canting.evaluation.evaluate.calibration import calibrations
from canting.evaluation.select_best.doubt import of_all_folds
from canting.models.train import grid
from canting.models.train.fold import FoldTask


class LeftOut(NamedTuple):
    """The members' tasks, whose folds are collections, and what they answer to what they left out.

    `collections` are the names of the folds.
    """

    tasks: tuple[FoldTask, ...]
    predictions: pd.DataFrame
    collections: tuple[str, ...]

    @property
    def name(self) -> str:
        """The scenario, or the ensemble of scenarios."""
        return str(self.predictions[SCENARIO].iloc[0])


def of_collections(tasks: Sequence[FoldTask], manifest: pd.DataFrame) -> LeftOut | None:
    """Train the winner's members, a task each, without each collection of a manifest.

    What `preprocess.split: collections` trained is taken as it is. Returns nothing where fewer than
    two collections have every class. Held-out pictures stay so.
    """
    table = collection_table(tasks[0].table, manifest)
    if table is None:
        return None
    names = collections(manifest[manifest[PATH].isin(table[PATH][table[FOLD] != HELD_OUT])])
    params = tasks[0].params.model_copy(update={"folds": len(names)})
    ours = tuple(task._replace(table=table, params=params) for task in tasks)
    each = [of_all_folds(task) for task in ours]
    grid.complete([one for some in each for one in some])
    parts = [tables.predicted(grid.predictions(some)) for some in each]
    return LeftOut(ours, parts[0] if len(parts) == 1 else together(parts), tuple(names))


def calibrated(card: CardRecord, left: LeftOut | None, bins: int) -> CardRecord:
    """Return the card with the temperature that fits left-out collections, and what it does there.

    Where none were left out, that of the folds stays.
    """
    if left is None:
        return card
    row = row_of(reproducible(calibrations(left.predictions, bins)), left.name)
    told: CalibrationRecord = {
        "collections": list(left.collections),
        "pictures": len(left.predictions),
        "ece": float(row["ece"]),
        "ece_scaled": float(row["ece_scaled"]),
        "loss": float(row["loss"]),
        "loss_scaled": float(row["loss_scaled"]),
    }
    return {**card, "temperature": float(row["temperature"]), "calibration": told}
