"""Training of one setting, which can stop at a rung and resume from there."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.config.tune import Setting
from canting.core import runtime
from canting.models.train.batches import Batches, Data, Rows
from canting.models.train.prediction import Watch
from canting.models.train.standardise import standard_of, standardised
from canting.models.train.trainer import ModelState, Trainer, kept, key_of
from canting.models.tune.records import Curves
from canting.models.tune.task import apply

Cuts = dict[str | None, Data]
"""Data by the layer that the tail starts at; rows are the same in all."""


class Course(NamedTuple):
    """What all trainings of a search start from.

    `decays`: whether the weight decay is set; else it is the optimizer's own. `seed` draws weights,
    dropout and the order of the rows, alike for every setting; `model_seed` draws what a network
    that is trained from scratch starts with.
    """

    scenario: Scenario
    settings: Train
    decays: bool
    seed: int
    model_seed: int

    def trainer(self, scenario: Scenario, data: Data) -> Trainer:
        """Return the trainer of a scenario."""
        settings = self.settings
        if self.decays and settings.weight_decay is None:
            settings = settings.model_copy(update={"weight_decay": 0.0})
        runtime.seed_training(self.model_seed)
        return kept(key_of(scenario, settings, data, self.model_seed), scenario, data)


class Training:
    """A setting on some rows."""

    def __init__(self, course: Course, setting: Setting, cuts: Cuts, rows: Rows) -> None:
        """Find or build the model; nothing is trained yet."""
        self._scenario, self._settings = apply(setting, course.scenario, course.settings)
        self._seed = runtime.backend_seed(course.seed)
        data = cuts[self._scenario.fine_tune_from]
        if self._settings.standardise:
            data = standardised(data, standard_of(data, rows))
        self._feed = Batches(data, rows, self._scenario.batch_size, course.seed, self._settings)
        self._model = course.trainer(self._scenario, data)
        self._data, self._done = data, 0
        self._state: ModelState | None = None

    def train(self, end: int) -> None:
        """Train up to epoch `end`."""
        self._resume()
        self._model.epochs(self._feed, range(self._done, end))
        self._done = end
        self._state = self._model.state() if end < self._scenario.epochs else None

    def watched(self, watch: Watch) -> Curves:
        """Train to the end; return loss and accuracy of each epoch on the way, as `watch` looks."""
        self._resume()
        watch.set_model(self._model.model)
        told = []
        for number in range(self._done, self._scenario.epochs):
            self._feed.start(number)
            told.append(self._model.epoch(self._feed, range(len(self._feed))))
            watch.on_epoch_end(number)
        return {name: [one[name] for one in told] for name in told[0]}

    def _resume(self) -> None:
        if self._state is not None:
            self._model.restore(self._state)
            return
        self._model.start(self._scenario, self._settings, len(self._feed))
        self._model.draw(self._seed)

    def logits(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Return the logits of rows, `(rows, classes)`; call before the next training resumes."""
        return self._model.logits(self._data, rows)
