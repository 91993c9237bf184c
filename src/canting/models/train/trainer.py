"""A compiled model whose hyperparameters, weights and moments can be set back."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.models.train import prediction, tail
from canting.models.train.batches import Batches, Data, Rows, gathered
from canting.models.train.epochs import runner, setter
from canting.models.train.mutable import MutableRate, Setting

ModelState = list[npt.NDArray[Any]]
"""Values of all variables: weights, the optimizer's moments, and states of random numbers."""


class ModelKey(NamedTuple):
    """What the graph of a model is made from; trainings that share it share the graph.

    Of the weight decay in `settings` only whether there is one is left. `seed` is that of weights
    which stay as they were drawn, if there are any.
    """

    backbone: str
    fine_tune_from: str | None
    optimizer: str
    settings: Train
    size: tuple[int, int]
    shape: tuple[int, ...]
    outputs: int
    seed: int

    def build(self, scenario: Scenario) -> keras.Model:
        """Return the model, with weights drawn from Keras's seed."""
        return tail.build(scenario, self.size, self.shape, self.outputs, self.settings)


def key_of(scenario: Scenario, settings: Train, data: Data, seed: int = 0) -> ModelKey:
    """Return the key of a scenario's graph."""
    decay = None if settings.weight_decay is None else 0.0
    ours = settings.model_copy(update={"weight_decay": decay})
    shape, outputs = data.store.shape, data.outputs
    return ModelKey(*scenario.trunk, scenario.optimizer, ours, data.size, shape, outputs, seed)


class Trainer:
    """A tail that can start anew, with other hyperparameters, in the graph that it has."""

    def __init__(self, model: keras.Model, scenario: Scenario, settings: Train) -> None:
        """Compile a model from `tail.build`; its weights are those that it has now."""
        self.model = model
        self._dropout = model.get_layer("dropout")
        self._rate = MutableRate(settings)
        tail.compile_(model, scenario, settings, self._rate)
        optimizer = model.optimizer
        self._decay = Setting() if settings.weight_decay is not None else None
        if self._decay is not None:
            optimizer.weight_decay = self._decay.variable
        optimizer.build(model.trainable_variables)
        set_ = [*self._rate.variables, self._dropout.share.variable]
        set_ += [self._decay.variable] if self._decay else []
        self._variables = _distinct([*model.variables, *optimizer.variables, *set_])
        self._first = self.state()
        self._copies = _copies(optimizer.variables, model.trainable_variables)
        self._run, self._set = runner(model), setter(self._variables)

    def start(self, scenario: Scenario, settings: Train, steps: int) -> None:
        """Set hyperparameters, and the rest as it was at first; `steps` are an epoch's."""
        self.restore(self._first)
        self._dropout.share.variable.assign(scenario.dropout)
        self._rate.set(scenario, settings, steps)
        if self._decay is not None:
            self._decay.variable.assign(settings.weight_decay or 0.0)

    def take(self, model: keras.Model) -> None:
        """Start from the weights of another model, and from its states of random numbers."""
        if model is self.model:
            return
        for mine, theirs in zip(self.model.variables, model.variables, strict=True):
            mine.assign(theirs)
        self._copy()

    def draw(self, seed: int) -> None:
        """Draw the weights of the classifier, and what is dropped, from a seed."""
        for layer in self.model.layers:
            if layer.name in ("hidden", "logits"):
                layer.kernel.assign(_drawn(seed, tuple(layer.kernel.shape)))
        self._dropout.seeds.state.assign([seed, 0])
        self._copy()

    def _copy(self) -> None:
        for copy, weight in self._copies:
            copy.assign(weight)

    def epoch(self, batches: Batches, order: Sequence[int]) -> dict[str, float]:
        """Train on batches in this order; return the mean loss and accuracy on the way."""
        told, sizes = [], []
        for part in batches.parts(order):
            told.append(self._run(*part))
            sizes.append(len(part[0]))
        return {
            name: float(np.average([float(one[name]) for one in told], weights=sizes))
            for name in ("loss", "accuracy")
        }

    def epochs(self, batches: Batches, numbers: Iterable[int]) -> None:
        """Train some epochs in few calls, without a word of each; none only trace the graph."""
        for part in batches.drawn(gathered(batches, numbers)):
            self._run(*part)

    def logits(self, data: Data, rows: Rows) -> npt.NDArray[np.float32]:
        """Return the logits of rows, `(rows, classes)`, without that of pictures of no class."""
        return prediction.predict(self.model, data.store, rows)[:, : data.classes]

    def state(self) -> ModelState:
        """Return the values of all variables."""
        return [np.array(variable) for variable in self._variables]

    def restore(self, state: ModelState) -> None:
        """Set all variables to earlier values."""
        self._set(state)


def _distinct(variables: list[Any]) -> list[Any]:
    return list({id(variable): variable for variable in variables}.values())


def _copies(slots: list[Any], weights: list[Any]) -> list[tuple[Any, Any]]:
    """Return the slots of an optimizer that begin as copies of a weight, each with its weight."""
    values = [(slot, np.array(slot)) for slot in slots]
    return [
        (slot, weight)
        for slot, value in values
        if value.any()
        for weight in weights
        if weight.shape == slot.shape and np.array_equal(value, np.array(weight))
    ]


@lru_cache(16)
def _drawn(seed: int, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    return np.array(keras.initializers.GlorotUniform(seed)(shape))


_KEPT: dict[ModelKey, Trainer] = {}
"""The last trainers of this process, all of one optimizer."""


def kept(key: ModelKey, scenario: Scenario, data: Data) -> Trainer:
    """Return a trainer with its graph, of an earlier training of this process if there is one.

    On JAX it is a new one, as a graph there takes what is set for constants.
    """
    if keras.backend.backend() == "jax":
        return Trainer(key.build(scenario), scenario, key.settings)
    if key not in _KEPT:
        if _KEPT and next(iter(_KEPT)).optimizer != key.optimizer:
            _KEPT.clear()
        made = Trainer(key.build(scenario), scenario, key.settings)
        rows = np.arange(2)
        made.epochs(Batches(data, rows, 2, 0, key.settings), ())
        made.logits(data, rows)
        _KEPT[key] = made
    return _KEPT[key]
