"""Trainings of the winner that leave each collection out: what its refusals are fixed on."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from canting.config.columns import FOLD, PATH
from canting.data.manifest import HELD_OUT, collections
from canting.data.preprocess.division import collection_table
from canting.evaluation.ensemble.averaging import together
from canting.evaluation.evaluate import tables
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


def of_collections(tasks: Sequence[FoldTask], manifest: pd.DataFrame) -> LeftOut | None:
    """Train the winner's members, a task each, without each collection of a manifest.

    What `preprocess.split: collections` trained is taken as it is. Returns nothing where there is
    one collection, or one that lacks a class. Held-out pictures stay so.
    """
    table = collection_table(tasks[0].table, manifest)
    if table is None or tasks[0].params.abstain.false_refusal is None:
        return None
    names = collections(manifest[manifest[PATH].isin(table[PATH][table[FOLD] != HELD_OUT])])
    params = tasks[0].params.model_copy(update={"folds": len(names)})
    ours = tuple(task._replace(table=table, params=params) for task in tasks)
    each = [of_all_folds(task) for task in ours]
    grid.complete([one for some in each for one in some])
    parts = [tables.predicted(grid.predictions(some)) for some in each]
    return LeftOut(ours, parts[0] if len(parts) == 1 else together(parts), tuple(names))
