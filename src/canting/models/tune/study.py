"""All searches: every method × optimizer × repeat × outer fold, over all cores."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from canting.config.columns import FOLD
from canting.config.params import Params
from canting.core import parallel
from canting.data.manifest import HELD_OUT
from canting.data.preprocess.folds import Folds
from canting.models.backbones.weight_files import identities
from canting.models.tune import search
from canting.models.tune.task import SearchOutcome, SearchTask, drawn, inner_folds, seed_of


def tasks(params: Params, table: pd.DataFrame, features: Path, cache: Path) -> list[SearchTask]:
    """Return every search, an optimizer's one after another; check that all folds can be drawn."""
    tune = params.tune
    if not tune.methods:
        return []
    outer = [_outer(params, table, repeat) for repeat in range(tune.seeds)]
    found = [
        SearchTask(method, optimizer, repeat, fold, params, table, outer[repeat], features, cache)
        for optimizer, method, repeat, fold in product(
            tune.optimizers, tune.methods, range(tune.seeds), range(tune.outer_folds)
        )
    ]
    for task in found[: tune.seeds * tune.outer_folds]:
        inner_folds(task)
    return found


def run(searches: list[SearchTask]) -> list[SearchOutcome]:
    """Run searches over all cores or GPUs; their trials follow one another."""
    gpus = searches[0].params.compute.chosen().gpus if searches else ()
    runs = parallel.run(
        search.done,
        map(search.PortableSearch, searches),
        label="tune",
        total=len(searches),
        workers="processes",
        gpus=gpus,
        alike=identities(searches[0].params.trunks()) if searches else (),
    )
    return list(runs)


def on_all(task: SearchTask) -> SearchTask:
    """Return the search of the same method and optimizer on all rows that are not held out."""
    inside = np.where(task.folds == HELD_OUT, HELD_OUT, 0)
    return task._replace(repeat=0, fold=None, folds=inside)


def _outer(params: Params, table: pd.DataFrame, repeat: int) -> Folds:
    """Draw outer folds among the pictures that are not held out."""
    inside = np.flatnonzero(table[FOLD].to_numpy() != HELD_OUT)
    outer = np.full(len(table), HELD_OUT, np.int64)
    outer[inside] = drawn(params, table.iloc[inside], "outer_folds", seed_of(params, repeat))
    return outer
