"""Where the settings of a search are trained."""

import time
from functools import cached_property

import numpy as np

from canting.train.batches import data_of
from canting.tune import objective
from canting.tune.objective import Split
from canting.tune.part import part
from canting.tune.records import Trial, Tuned
from canting.tune.sampler import Proposal, ends
from canting.tune.search import follow
from canting.tune.setting import plain
from canting.tune.task import Task, inner_folds, seed_of
from canting.tune.training import Course, Cuts, Training


class Bench:
    """Trains proposals on the rows inside, and the best setting once for the outer fold."""

    def __init__(self, task: Task) -> None:
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
        return {
            cut: data_of(task.table, task.classes, folder, size)
            for cut, folder in task.stores.items()
        }

    @cached_property
    def inside(self) -> Cuts:
        """The rows that the search may see; the objective is handed no others."""
        return {cut: part(data, self._task.inside) for cut, data in self.whole.items()}

    @cached_property
    def splits(self) -> list[Split]:
        """Inner splits of the rows inside."""
        numbers = inner_folds(self._task)
        return [
            (np.flatnonzero(numbers != fold), np.flatnonzero(numbers == fold))
            for fold in range(self._task.tune.inner_folds)
        ]

    def trial(self, proposal: Proposal) -> Trial:
        """Train a proposal on the inner folds; building its model is not on its bill."""
        task, asked = self._task, (self._course, proposal.setting, self.inside)
        Training(*asked, self.splits[0][0])
        stops, metric = ends(task.method, task.tune.epochs), task.params.select_best.metric
        start, cpu = time.perf_counter(), time.process_time()
        scored = objective.rungs(*asked, self.splits, stops, metric)
        passed, state = follow(proposal, scored, task.tune.epochs)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        return Trial(proposal.setting, passed, state, seconds, cpu)

    def outer(self, number: int, trial: Trial) -> Tuned:
        """Train the setting of a trial on all rows inside, and score it on the outer fold."""
        split = self._task.inside, np.flatnonzero(self._task.folds == self._task.fold)
        start, cpu = time.perf_counter(), time.process_time()
        scores, curves, looking = objective.outer(self._course, trial.setting, self.whole, split)
        seconds, cpu = time.perf_counter() - start - looking, time.process_time() - cpu - looking
        return Tuned(number, scores, curves, seconds, cpu)
