"""Which scenarios to average, and whether that is better than the best one alone.

Members are added one by one, each time the one that helps the mean score over the folds most, until
none helps: Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble Selection from Libraries of
Models", ICML (2004), here without repetition. The best of many combinations looks better than it
is, so the gain is estimated on pictures that had no say: for each fold members and best scenario
are chosen on the other folds and scored on that one. The difference over the folds has to be
distinguishable by the corrected resampled t-test; otherwise the ensemble costs more for nothing.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.bundle.ensemble import averaged
from canting.config.columns import FOLD, PATH, SCENARIO
from canting.config.metrics import sign
from canting.config.sections import SelectBest
from canting.evaluation.select_best.rule import Cost
from canting.evaluation.statistics import inference
from canting.models import scores

Scores = npt.NDArray[np.float64]
"""`(folds,)`: one score a fold."""

DECIMALS = 12
"""Beyond which two means are the same."""


class FoldScores:
    """A metric of averaged out-of-fold probabilities, fold by fold; each set is scored once."""

    def __init__(self, predictions: pd.DataFrame, metric: str) -> None:
        """Take the predictions of all scenarios that finished."""
        ordered = predictions.sort_values(PATH, kind="stable").groupby(SCENARIO, sort=False)
        first = next(part for _, part in ordered)
        self._logits = {str(name): scores.logits_of(part) for name, part in ordered}
        self._codes, folds = scores.codes_of(first), first[FOLD].to_numpy()
        self._rows = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
        self._metric = metric
        self._known: dict[tuple[str, ...], Scores] = {}

    def of(self, members: Sequence[str]) -> Scores:
        """Return the score of an ensemble, or of one scenario, in each fold."""
        key = tuple(sorted(members))
        if key not in self._known:
            self._known[key] = self._scored(key)
        return self._known[key]

    def _scored(self, members: tuple[str, ...]) -> Scores:
        logits = averaged(np.stack([self._logits[name] for name in members]))
        return np.asarray([self._value(logits[rows], self._codes[rows]) for rows in self._rows])

    def _value(self, logits: npt.NDArray[np.float64], codes: npt.NDArray[np.int64]) -> float:
        counts = scores.counted(codes, logits.argmax(axis=1), logits.shape[1])
        answers = scores.Answers(counts, logits, codes)
        return scores.values(answers, [self._metric])[self._metric]


class Searched(NamedTuple):
    """What averaging adds.

    `members` are chosen on all folds, the best scenario first, and `by_fold` on all but one each.
    `ensemble` and `single` are the scores `(folds,)` of the members and of the best scenario, each
    chosen without the fold that it is scored on. `taken`: distinguishable, and better.
    """

    members: tuple[str, ...]
    by_fold: tuple[tuple[str, ...], ...]
    ensemble: Scores
    single: Scores
    interval: inference.Interval
    p_value: float
    taken: bool


def search(
    predictions: pd.DataFrame, costs: Mapping[str, Cost], settings: SelectBest, confidence: float
) -> Searched:
    """Choose members among the scenarios in `costs`; where two are as good, the cheaper."""
    found, better = FoldScores(predictions, settings.column), sign(settings.column)
    names = sorted(costs, key=lambda name: costs[name])
    every = np.arange(predictions[FOLD].nunique())
    by_fold = tuple(
        chosen(found, names, settings.ensemble, better, every[every != fold]) for fold in every
    )
    ensemble, single = (
        np.asarray([found.of(one[:most])[fold] for fold, one in enumerate(by_fold)])
        for most in (settings.ensemble, 1)
    )
    members = chosen(found, names, settings.ensemble, better, every)
    p_value = inference.p_value(ensemble - single)
    ends = inference.interval(ensemble - single, confidence)
    taken = len(members) > 1 and p_value < settings.alpha and better * ends.mean > 0
    return Searched(members, by_fold, ensemble, single, ends, p_value, taken)


def chosen(
    found: FoldScores, names: Sequence[str], most: int, better: int, folds: npt.NDArray[np.int64]
) -> tuple[str, ...]:
    """Return up to so many members by their mean score over `folds`; `names` are cheapest first.

    `better` is 1 where a higher score is better, else -1.
    """
    members: tuple[str, ...] = ()
    reached = -np.inf
    while len(members) < most and len(members) < len(names):
        means = {
            name: round(better * float(found.of((*members, name))[folds].mean()), DECIMALS)
            for name in names
            if name not in members
        }
        best = max(means, key=lambda name: means[name])
        if means[best] <= reached:
            break
        members, reached = (*members, best), means[best]
    return members
