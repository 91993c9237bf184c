"""Search methods by Optuna; no other module imports it."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import optuna

from canting.config.catalog import METHODS
from canting.config.metrics import sign
from canting.config.tune import LOG, Range, Setting, Space, Tune
from canting.models.tune.records import Rung

ETA = 3
"""Of so many trials at a rung about one goes on, to so many times the epochs (Li et al.,
"Hyperband", JMLR 18, 2018)."""

STARTUP = 5
"""Random trials before the tree-structured Parzen estimator has something to learn from."""


def ends(method: str, epochs: int) -> list[int]:
    """Return the epochs at which a trial is scored; a pruner may end it on the way."""
    rungs = [ETA**power for power in range(epochs) if ETA**power < epochs]
    return [epochs] if METHODS[method].pruner == "none" else [*rungs, epochs]


class Sampler:
    """Proposes settings; the same seed and the same scores give the same proposals."""

    def __init__(self, tune: Tune, method: str, seed: int, metric: str) -> None:
        """Start a search in memory."""
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._space, self._distributions = tune.space, _distributions(tune.space)
        is_grid = METHODS[method].sampler == "grid"
        self._left = tune.space.size if is_grid else None
        self._study = optuna.create_study(
            direction=_direction(metric),
            study_name="canting",
            sampler=_sampler(METHODS[method].sampler, seed),
            pruner=_pruner(METHODS[method].pruner, tune.epochs),
        )
        for setting in _shuffled(tune.space.grid(), seed) if is_grid else []:
            self._study.enqueue_trial(setting)

    def ask(self) -> "Proposal | None":
        """Return the next proposal; none where a grid is at its end."""
        if self._left is not None:
            if not self._left:
                return None
            self._left -= 1
        trial = self._study.ask(self._distributions)
        return Proposal(self._study, trial, {key: self._told(key, trial) for key in trial.params})

    def _told(self, key: str, trial: optuna.Trial) -> Any:
        axis, value = self._space.axes()[key], trial.params[key]
        return axis.rounded(value) if isinstance(axis, Range) else value


class Proposal:
    """A setting to try; its scores are reported rung by rung."""

    def __init__(self, study: optuna.Study, trial: optuna.Trial, setting: Setting) -> None:
        """Take a trial of a study."""
        self._study, self._trial, self.setting = study, trial, setting

    def goes_on(self, epochs: int, score: float) -> bool:
        """Take the score after so many epochs; return whether the trial continues."""
        self._trial.report(score, epochs)
        return not self._trial.should_prune()

    def end(self, state: str, score: float) -> None:
        """Report how the trial ended: complete with a score, pruned, or failed."""
        states = optuna.trial.TrialState
        if state == "complete":
            self._study.tell(self._trial, score)
        else:
            self._study.tell(self._trial, state=states.PRUNED if state == "pruned" else states.FAIL)


def follow(proposal: Proposal, rungs: Iterable[Rung], last: int) -> tuple[list[Rung], str]:
    """Report a trial rung by rung until it ends; return the rungs it reached, and how it ended."""
    passed, state = [], ""
    for rung in rungs:
        passed.append(rung)
        state = _ended(proposal, rung, last)
        if state:
            break
    proposal.end(state, passed[-1][1])
    return passed, state


def _ended(proposal: Proposal, rung: Rung, last: int) -> str:
    epochs, score = rung
    if math.isnan(score):
        return "failed"
    if epochs == last:
        return "complete"
    return "" if proposal.goes_on(epochs, score) else "pruned"


def importances(
    axes: dict[str, Range | tuple[Any, ...]],
    trials: Iterable[tuple[Setting, float]],
    metric: str,
) -> dict[str, float]:
    """Return the importance of each key of finished trials, summing to 1; by PED-ANOVA.

    Watanabe, Bansal, Hutter, "PED-ANOVA", IJCAI 2023: how far the settings of the best tenth of
    the trials lie from those of all.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    distributions = {key: _distribution(key, axis) for key, axis in axes.items()}
    study = optuna.create_study(direction=_direction(metric))
    study.add_trials(
        [
            optuna.trial.create_trial(params=setting, distributions=distributions, value=score)
            for setting, score in trials
        ]
    )
    found = optuna.importance.get_param_importances(study)
    return {key: float(found.get(key, 0.0)) for key in axes}


def _direction(metric: str) -> str:
    return "minimize" if sign(metric) < 0 else "maximize"


def _distributions(space: Space) -> dict[str, optuna.distributions.BaseDistribution]:
    return {key: _distribution(key, axis) for key, axis in space.axes().items()}


def _distribution(key: str, axis: Range | tuple[Any, ...]) -> optuna.distributions.BaseDistribution:
    if isinstance(axis, Range):
        return optuna.distributions.FloatDistribution(axis.low, axis.high, log=key in LOG)
    return optuna.distributions.CategoricalDistribution(axis)


def _sampler(kind: str, seed: int) -> optuna.samplers.BaseSampler:
    if kind == "tpe":
        return optuna.samplers.TPESampler(n_startup_trials=STARTUP, seed=seed)
    if kind in ("grid", "random"):
        return optuna.samplers.RandomSampler(seed)
    raise ValueError(f"expected a sampler that is built here. Received: {kind!r}")


def _pruner(kind: str, epochs: int) -> optuna.pruners.BasePruner:
    if kind == "hyperband" and epochs > 1:
        return optuna.pruners.HyperbandPruner(1, epochs, ETA)
    if kind in ("none", "hyperband"):
        return optuna.pruners.NopPruner()
    raise ValueError(f"expected a pruner that is built here. Received: {kind!r}")


def _shuffled(settings: list[Setting], seed: int) -> list[Setting]:
    """Return the settings in a random order: in their own, only the last keys vary at first."""
    order = np.random.default_rng(seed).permutation(len(settings))
    return [settings[place] for place in order]
