"""The signals: whether pictures, answers or corrections changed since the training."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from canting.bundle.reference import Reference
from canting.evaluation.statistics.inference import wilson
from canting.serving.drift import proportions, quantiles
from canting.serving.drift.limits import DriftLimits
from canting.serving.drift.window import Window, WindowRow


class Signal(NamedTuple):
    """One comparison of so many `pictures` with the out-of-fold answers.

    `before` and `now` are a median distance, a mean confidence or a share, none for the class mix.
    `effect` is the share of the pictures for which it got worse; it matters from `limit` on.
    `needed` is about how many pictures it takes to tell such an effect from chance; none where the
    training pictures are too few for it.
    """

    name: str
    before: float | None
    now: float | None
    effect: float
    limit: float
    p_value: float
    pictures: int
    needed: int | None
    detail: str


Rows = tuple[WindowRow, ...]

CONFIDENCE = 0.95
"""Of the interval of the reported accuracy."""

SURE = 0.9
"""Probability from which an answer counts as certain."""


def signals(seen: Window, reference: Reference, limits: DriftLimits) -> Iterator[Signal]:
    """Yield every signal that there are figures for; each asks whether something got worse."""
    answered = seen.answered
    if seen.rows and reference.distances:
        yield _unlikeness(seen.rows, reference, limits)
        yield _abstentions(seen.rows, reference, limits)
    if answered:
        yield _confidence(answered, reference, limits)
        yield _mix(answered, reference, limits)
    if any(row.corrected is not None for row in answered):
        yield _accuracy(answered, reference, limits)


NUMBER = 5
"""Signals at most: the correction for many comparisons at its hardest."""


def _unlikeness(rows: Rows, reference: Reference, limits: DriftLimits) -> Signal:
    distances = np.array([row.distance for row in rows])
    rise, known = quantiles.rise(reference.distances, distances), reference.pictures
    return Signal(
        "unlikeness",
        float(np.median(reference.distances)),
        float(np.median(distances)),
        rise.gap,
        limits.unlikeness,
        quantiles.p_value(rise.gap, len(rows), known),
        len(rows),
        _needed(lambda count: quantiles.p_value(limits.unlikeness, count, known), limits),
        f"{rise.now:.0%} have a distance beyond {rise.place:.2f}, out of fold {rise.before:.0%}"
        " (1 is the threshold)",
    )


def _confidence(rows: Rows, reference: Reference, limits: DriftLimits) -> Signal:
    sure, known = np.array([row.probability for row in rows]), reference.answered
    rise = quantiles.rise(_doubts(reference.confidences)[::-1], _doubts(sure))
    return Signal(
        "confidence",
        reference.confidence,
        float(sure.mean()),
        rise.gap,
        limits.confidence,
        quantiles.p_value(rise.gap, len(rows), known),
        len(rows),
        _needed(lambda count: quantiles.p_value(limits.confidence, count, known), limits),
        f"{rise.now:.0%} of the answers are less than {-rise.place:.0%} sure, out of fold "
        f"{rise.before:.0%}",
    )


def _doubts(sure: Sequence[float] | quantiles.Values) -> quantiles.Values:
    """Return probabilities with their sign changed, so that doubt is what rises.

    Those that are sure are all alike: a fall from 0.9999 to 0.999 does not matter.
    """
    return -np.minimum(np.asarray(sure, np.float64), SURE)


def _abstentions(rows: Rows, reference: Reference, limits: DriftLimits) -> Signal:
    hits, known = sum(row.abstained for row in rows), (reference.abstained, reference.pictures)
    now, before = hits / len(rows), reference.abstained / reference.pictures
    return Signal(
        "abstentions",
        before,
        now,
        max(0.0, now - before),
        limits.abstentions,
        proportions.share_p_value(hits, len(rows), *known),
        len(rows),
        _needed(_share(before + limits.abstentions, known), limits),
        f"{hits} of {len(rows)} pictures were refused, out of fold {known[0]} of {known[1]}",
    )


def _mix(rows: Rows, reference: Reference, limits: DriftLimits) -> Signal:
    found = Counter(row.label for row in rows)
    labels = sorted({*found, *reference.classes})
    now = np.array([found[label] for label in labels])
    before = np.array([reference.classes.get(label, 0) for label in labels])
    known, kinds = reference.answered, max(2, len(labels))
    pairs = zip(labels, before / before.sum(), now / now.sum(), strict=True)
    moved = sorted(pairs, key=lambda pair: -abs(pair[2] - pair[1]))[:3]
    return Signal(
        "class mix",
        None,
        None,
        proportions.change(now, before),
        limits.mix,
        proportions.mix_p_value(now, before),
        len(rows),
        _needed(lambda n: proportions.approximate_mix_p_value(limits.mix, n, known, kinds), limits),
        ", ".join(f"{label} {old:.0%} → {new:.0%}" for label, old, new in moved),
    )


def _accuracy(rows: Rows, reference: Reference, limits: DriftLimits) -> Signal:
    wrong = sum(row.corrected not in (None, row.label) for row in rows)
    said = sum(row.corrected is not None for row in rows)
    known = (reference.answered - reference.right, reference.answered)
    now, before = wrong / len(rows), known[0] / known[1]
    low, high = wilson(len(rows) - wrong, len(rows), CONFIDENCE)
    return Signal(
        "accuracy",
        1 - before,
        1 - now,
        max(0.0, now - before),
        limits.accuracy,
        proportions.share_p_value(wrong, len(rows), *known),
        len(rows),
        _needed(_share(before + limits.accuracy, known), limits),
        f"people checked {said} of {len(rows)} answers and corrected {wrong}: at most "
        f"{1 - now:.1%} are correct ({CONFIDENCE:.0%} interval {low:.1%} to {high:.1%})",
    )


def _needed(test: proportions.Test, limits: DriftLimits) -> int | None:
    found = proportions.smallest(test, limits.alpha / NUMBER)
    return None if found is None else max(found, limits.least)


def _share(share: float, known: tuple[int, int]) -> proportions.Test:
    return lambda count: proportions.share_p_value(
        math.ceil(min(1.0, share) * count), count, *known
    )
