"""All searches: every method × optimizer × repeat × outer fold, over all cores."""

from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from canting.config.columns import FOLD, LABEL
from canting.config.params import Params
from canting.core import parallel
from canting.core.errors import CantingError
from canting.data.manifest import HELD_OUT
from canting.data.preprocess import folds
from canting.data.preprocess.folds import Folds, TooFewGroupsError
from canting.models.tune import search
from canting.models.tune.task import SearchOutcome, SearchTask, inner_folds, seed_of


def tasks(params: Params, table: pd.DataFrame, features: Path, cache: Path) -> list[SearchTask]:
    """Return every search, an optimizer's one after another; check that all folds can be drawn."""
    tune = params.tune
    drawn = [_outer(params, table, repeat) for repeat in range(tune.seeds)]
    found = [
        SearchTask(method, optimizer, repeat, fold, params, table, drawn[repeat], features, cache)
        for optimizer, method, repeat, fold in product(
            tune.optimizers, tune.methods, range(tune.seeds), range(tune.outer_folds)
        )
    ]
    for task in found[: tune.seeds * tune.outer_folds]:
        _told("inner_folds", partial(inner_folds, task))
    return found


def run(searches: list[SearchTask]) -> list[SearchOutcome]:
    """Run searches over all cores or GPUs; their trials follow one another."""
    gpus = searches[0].params.compute.chosen().gpus if searches else ()
    runs = parallel.run(
        search.run, searches, label="tune", total=len(searches), workers="processes", gpus=gpus
    )
    return list(runs)


def on_all(task: SearchTask) -> SearchTask:
    """Return the search of the same method and optimizer on all rows that are not held out."""
    inside = np.where(task.folds == HELD_OUT, HELD_OUT, 0)
    return task._replace(repeat=0, fold=None, folds=inside)


def _outer(params: Params, table: pd.DataFrame, repeat: int) -> Folds:
    """Draw outer folds among the pictures that are not held out."""
    inside = np.flatnonzero(table[FOLD].to_numpy() != HELD_OUT)
    labels, groups = table[LABEL].iloc[inside].tolist(), table["group"].to_numpy(np.int64)[inside]
    count, seed = params.tune.outer_folds, seed_of(params, repeat)
    drawn = np.full(len(table), HELD_OUT, np.int64)
    drawn[inside] = _told("outer_folds", lambda: folds.draw(labels, groups, count, 0.0, seed))
    return drawn


def _told(key: str, draw: Callable[[], Folds]) -> Folds:
    try:
        return draw()
    except TooFewGroupsError as error:
        raise CantingError(str(error).replace("`folds", f"`tune.{key}")) from None
