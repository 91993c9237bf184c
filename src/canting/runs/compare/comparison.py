"""The paired comparison of two runs over the folds that both were scored on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from canting.config.metrics import METRICS, label, sign
from canting.evaluation.statistics import inference
from canting.runs.compare.record import RunRecord


@dataclass(frozen=True)
class Score:
    """A score of both runs; `base` and `new` are pooled, `…_mean` are means over the folds.

    `difference` is the second less the first: of the means over the folds, with its interval and
    the p-value of the corrected resampled t-test, or, where the runs do not compare, without these.
    A metric without means has the difference of the pooled values.
    """

    name: str
    base: float | None
    new: float
    base_mean: float | None
    new_mean: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class Change:
    """A parameter, or a cost, that the runs do not share; none: absent there."""

    key: str
    base: Any
    new: Any


@dataclass(frozen=True)
class Comparison:
    """A run against a base; `obstacle` says why the folds do not pair, and is empty where they do.

    Without results of the base, `base` is none, and `name` is what it was called.
    """

    name: str
    base: RunRecord | None
    new: RunRecord
    obstacle: str
    scores: tuple[Score, ...]
    changes: tuple[Change, ...]
    costs: tuple[Change, ...]
    elsewhere: tuple[Change, ...]

    @property
    def score(self) -> Score:
        """The score that decides: the one that the second run chose its scenario by."""
        return next(score for score in self.scores if score.name == self.new.metric)

    @property
    def distinguishable(self) -> bool:
        """Whether the difference of the deciding score is more than noise."""
        p_value = self.score.p_value
        return p_value is not None and p_value < self.new.alpha

    @property
    def better(self) -> bool:
        """Whether the second run is better by more than noise."""
        return self.distinguishable and sign(self.score.name) * (self.score.difference or 0) > 0


def compare(name: str, base: RunRecord | None, new: RunRecord) -> Comparison:
    """Compare a run with a base of this name; none: the base has no results."""
    obstacle = "" if base is None else _obstacle(base, new)
    return Comparison(
        name,
        base,
        new,
        obstacle,
        tuple(
            _score(name, base, new, paired=not obstacle) for name in METRICS if name in new.scores
        ),
        _differing(base.params if base else {}, new.params) if base else (),
        _differing(base.costs if base else {}, new.costs, equal=True),
        _differing(base.elsewhere if base else {}, new.elsewhere, equal=True),
    )


def _obstacle(base: RunRecord, new: RunRecord) -> str:
    if base.draws != new.draws:
        return f"the folds were drawn {base.draws} and {new.draws} times"
    if base.numbers != new.numbers:
        return f"{base.drawn} and {new.drawn} folds"
    for what, one, other in (
        ("the pictures differ", base.data, new.data),
        ("the folds differ", base.fold_table, new.fold_table),
    ):
        if one is None or other is None:
            return f"`dvc.lock` does not say whether {what}"
        if one != other:
            return what
    if new.metric not in base.folds:
        return f"{base.name} was made before there was {label(new.metric)}"
    return "" if len(new.numbers) > 1 else "one fold alone"


def _score(name: str, base: RunRecord | None, new: RunRecord, *, paired: bool) -> Score:
    old, value = base.scores.get(name) if base else None, new.scores[name]
    old_mean, mean = _mean(base, name), _mean(new, name)
    plain = Score(name, old, value, old_mean, mean)
    if base is None or old is None:
        return plain
    if old_mean is None or mean is None:
        return replace(plain, difference=value - old)
    if not paired:
        return replace(plain, difference=mean - old_mean)
    differences = np.subtract(new.folds[name], base.folds[name])
    ends = inference.interval(differences, new.confidence, new.drawn)
    p_value = inference.p_value(differences, new.drawn)
    return replace(plain, difference=ends.mean, low=ends.low, high=ends.high, p_value=p_value)


def _mean(record: RunRecord | None, name: str) -> float | None:
    values = record.folds.get(name) if record else None
    return float(np.mean(values)) if values else None


def _differing(
    base: Mapping[str, object], new: Mapping[str, object], *, equal: bool = False
) -> tuple[Change, ...]:
    keys = [*new, *(key for key in base if key not in new)]
    pairs = (Change(key, base.get(key), new.get(key)) for key in keys)
    return tuple(pair for pair in pairs if equal or not _same(pair.base, pair.new))


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are the same; one value and a list of it are."""
    first, second = (value if isinstance(value, list) else [value] for value in (one, other))
    return bool(first == second)
