"""Objective of a search: inner scores for the trials, outer scores for the ledger."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from canting.config.metrics import averaged
from canting.config.tune import Setting
from canting.models import scores
from canting.models.train.batches import Rows
from canting.models.train.prediction import Watch
from canting.models.tune.records import Curves, Rung
from canting.models.tune.training import Course, Cuts, Training

Split = tuple[Rows, Rows]
"""Rows to train on, and rows to score on."""


def rungs(
    course: Course,
    setting: Setting,
    cuts: Cuts,
    splits: Sequence[Split],
    ends: Sequence[int],
    metric: str,
) -> Iterator[Rung]:
    """Yield the mean score over the splits after so many epochs; NaN where a training diverged."""
    trainings = [Training(course, setting, cuts, train) for train, _ in splits]
    targets = next(iter(cuts.values())).targets
    for end in ends:
        found = []
        for training, (_, scored) in zip(trainings, splits, strict=True):
            training.train(end)
            found.append(score(training.logits(scored), targets[scored], [metric])[metric])
        yield end, float(np.mean(found))


def outer(
    course: Course, setting: Setting, cuts: Cuts, split: Split
) -> tuple[dict[str, float], Curves, float]:
    """Return scores and curves on the outer test part, and the seconds that looking at it took."""
    train, test = split
    training = Training(course, setting, cuts, train)
    data = cuts[setting.get("fine_tune_from", course.scenario.fine_tune_from)]
    watch = Watch(data, test)
    history = training.watched(watch)
    found = score(training.logits(test), data.targets[test], averaged())
    curves = {**history, "val_loss": watch.loss, "val_accuracy": watch.accuracy}
    return found, curves, watch.seconds


def score(
    logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64], metrics: Sequence[str]
) -> dict[str, float]:
    """Return metrics of answers; NaN each where a logit is not finite."""
    if not np.isfinite(logits).all():
        return dict.fromkeys(metrics, math.nan)
    counts = scores.counted(targets, logits.argmax(axis=1), logits.shape[1])
    return scores.values(scores.Answers(counts, logits, targets), metrics)
