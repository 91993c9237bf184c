"""Recommendation of a combination of method and optimizer, with its reason."""

from typing import Any, NamedTuple

import pandas as pd

from canting.config.metrics import label
from canting.config.tables import COMBINATION
from canting.core.errors import CantingError
from canting.core.frames import records
from canting.evaluation.statistics.comparison import as_good
from canting.evaluation.tuning.ledger import SEPARATOR


class Recommendation(NamedTuple):
    """The recommended combination, the reason, and all that are as good as the best."""

    method: str
    optimizer: str
    reason: str
    same: list[str]


def choose(comparison: pd.DataFrame, costs: pd.DataFrame, metric: str) -> Recommendation:
    """Return the cheapest search, by epochs of training, of those as good as the best.

    These are not distinguishable from it and within one standard error of it. Of equally cheap
    ones the best is taken. Seconds do not decide: they differ from run to run.
    """
    same = comparison[as_good(comparison)].merge(costs, on=COMBINATION)
    cheapest = same.iloc[int(same["epochs"].to_numpy().argmin())]
    best = same.iloc[0]
    names = [_name(row) for row in records(same)]
    reason = _reason(best, cheapest, len(same), len(comparison), label(metric))
    return Recommendation(str(cheapest["method"]), str(cheapest["optimizer"]), reason, names)


def nothing_found() -> CantingError:
    """Return what to say where no combination has a score on every outer fold."""
    return CantingError(
        "`tune.space`: expected settings that can be trained with. Received: in every combination "
        "of method and optimizer, all trials of a search failed, because the loss was not finite. "
        "Lower the learning rates."
    )


def _name(row: Any) -> str:
    return f"{row['method']}{SEPARATOR}{row['optimizer']}"


def _reason(best: Any, chosen: Any, same: int, count: int, score: str) -> str:
    if count == 1:
        return f"{_name(chosen)} is the only combination that was searched."
    if same == 1:
        return f"{_name(chosen)} is the best, and no other is within one standard error of it."
    epochs, others = chosen["epochs"], best["epochs"]
    within = f"of the {same} within one standard error of the best"
    if _name(best) == _name(chosen):
        return (
            f"{_name(chosen)} has the best {score}, and no search {within} trained for fewer "
            f"epochs ({epochs:,})."
        )
    return (
        f"{_name(chosen)} has the cheapest search {within}: {epochs:,} epochs against {others:,} "
        f"for {_name(best)}, with a {score} of {chosen['mean']:.4f} against {best['mean']:.4f}."
    )
