"""The verdict from all signals together."""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from canting.evaluation.statistics.inference import holm
from canting.serving.drift.limits import DriftLimits
from canting.serving.drift.signals import Signal


class SignalState(StrEnum):
    """What is found of one signal; `SMALL`: no chance, yet too little to matter."""

    CHANGED = "changed"
    SMALL = "changed a little"
    SAME = "same"
    FEW = "too few"


class Verdict(StrEnum):
    """What is to be done; nothing can be said where there are too few pictures."""

    NOTHING = "nothing changed"
    FEW = "too few to tell"
    WATCH = "watch"
    RETRAIN = "retrain"


class DriftFinding(NamedTuple):
    """A signal, its p-value corrected for many comparisons, and what that means.

    There is no p-value where the pictures are too few to be judged at all.
    """

    signal: Signal
    p_value: float | None
    state: SignalState


HARMLESS = frozenset({"class mix"})
"""Other shares of the classes alone do not make an answer worse."""


def findings(signals: Sequence[Signal], limits: DriftLimits) -> list[DriftFinding]:
    """Judge the signals together; those of too few pictures are not among the comparisons."""
    judged = [signal for signal in signals if signal.pictures >= limits.least]
    p_values = dict(zip(judged, holm([signal.p_value for signal in judged]), strict=True))
    return [
        DriftFinding(signal, p_values[signal], _state(signal, p_values[signal], limits.alpha))
        if signal in p_values
        else DriftFinding(signal, None, SignalState.FEW)
        for signal in signals
    ]


def _state(signal: Signal, p_value: float, alpha: float) -> SignalState:
    if p_value <= alpha:
        return SignalState.CHANGED if signal.effect >= signal.limit else SignalState.SMALL
    enough = signal.needed is not None and signal.pictures >= signal.needed
    return SignalState.SAME if enough else SignalState.FEW


def verdict(found: Sequence[DriftFinding]) -> Verdict:
    """Return what the findings mean together."""
    changed = {one.signal.name for one in found if one.state is SignalState.CHANGED}
    if changed - HARMLESS:
        return Verdict.RETRAIN
    if changed or any(_is_near(one) for one in found):
        return Verdict.WATCH
    if not found or any(one.state is SignalState.FEW for one in found):
        return Verdict.FEW
    return Verdict.NOTHING


def needed(found: Sequence[DriftFinding], pictures: int, limits: DriftLimits) -> int | None:
    """Return about how many pictures it takes for all signals; none if no number would do.

    A signal of answered pictures alone needs as many more as were refused.
    """
    most = limits.least
    for one in found:
        if one.signal.needed is None:
            return None
        most = max(most, math.ceil(one.signal.needed * pictures / one.signal.pictures))
    return most


def _is_near(one: DriftFinding) -> bool:
    return one.state is SignalState.SMALL and 2 * one.signal.effect >= one.signal.limit
