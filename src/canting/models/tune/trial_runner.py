"""Subset of rows that a search may see, and no others."""

import time
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from canting.data import manifest
from canting.models.features.store import Array, Derived
from canting.models.train.batches import Data, Rows, data_of
from canting.models.tune import objective
from canting.models.tune.objective import Split
from canting.models.tune.records import Trial, TunedSetting
from canting.models.tune.sampler import Proposal, ends, follow
from canting.models.tune.task import SearchTask, inner_folds, plain, seed_of
from canting.models.tune.training import Course, Cuts, Training


class _Only:
    def __init__(self, array: Array, rows: Rows) -> None:
        self._array, self._rows = array, rows
        self.shape = (len(rows), *array.shape[1:])

    def __getitem__(self, places: Any) -> npt.NDArray[Any]:
        return np.asarray(self._array[self._rows[places]])


def subset(data: Data, rows: Rows) -> Data:
    """Return data of some rows alone."""
    kept = Derived(data.store, lambda view: cast("Array", _Only(view, rows)))
    return data._replace(store=kept, targets=data.targets[rows], groups=data.groups[rows])


class TrialRunner:
    """Trains proposals on the rows inside, and the best setting once for the outer fold."""

    def __init__(self, task: SearchTask) -> None:
        """Open the features."""
        self._task = task
        decays = task.tune.space.weight_decay or task.params.train.weight_decay
        settings = plain(task.params.train)
        model_seed = seed_of(task.params)
        self._course = Course(task.scenario, settings, decays is not None, task.seed, model_seed)

    @cached_property
    def whole(self) -> Cuts:
        """All rows."""
        task, size = self._task, self._task.params.image_size
        return {cut: data_of(task.table, folder, size) for cut, folder in task.stores.items()}

    @cached_property
    def inside(self) -> Cuts:
        """The rows that the search may see; the objective is handed no others."""
        return {cut: subset(data, self._task.inside) for cut, data in self.whole.items()}

    @cached_property
    def splits(self) -> list[Split]:
        """Inner splits of the rows inside; pictures of no class are trained with, not scored."""
        numbers, known = inner_folds(self._task), self._known[self._task.inside]
        return [
            (np.flatnonzero(numbers != fold), np.flatnonzero(known & (numbers == fold)))
            for fold in range(self._task.tune.inner_folds)
        ]

    @property
    def _known(self) -> npt.NDArray[np.bool_]:
        return manifest.of_class(self._task.table)

    def trial(self, proposal: Proposal) -> Trial:
        """Train a proposal on the inner folds; building its model does not count as its cost."""
        task, asked = self._task, (self._course, proposal.setting, self.inside)
        Training(*asked, self.splits[0][0])
        stops, metric = ends(task.method, task.tune.epochs), task.metric
        start, cpu = time.perf_counter(), time.process_time()
        scored = objective.rungs(*asked, self.splits, stops, metric)
        passed, state = follow(proposal, scored, task.tune.epochs)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        return Trial(proposal.setting, passed, state, seconds, cpu)

    def outer(self, number: int, trial: Trial) -> TunedSetting:
        """Train the setting of a trial on all rows inside, and score it on the outer fold."""
        scored = self._known & (self._task.folds == self._task.fold)
        split = self._task.inside, np.flatnonzero(scored)
        start, cpu = time.perf_counter(), time.process_time()
        scores, curves, looking = objective.outer(self._course, trial.setting, self.whole, split)
        seconds, cpu = time.perf_counter() - start - looking, time.process_time() - cpu - looking
        return TunedSetting(number, scores, curves, seconds, cpu)
