"""The rule that chooses a scenario, and its reason in words.

The scenario with the best mean score over the folds leads. Every scenario that is not
distinguishable from it and within one standard error of it is as good; among those the cheapest
wins: fewest parameters, then fewest trained parameters, then fewest epochs, then the better score.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from canting.config.columns import SCENARIO
from canting.config.metrics import label
from canting.core.frames import row_of
from canting.evaluation.statistics.comparison import as_good, by_fold, compare, verdict

Cost = tuple[int, int, int]
"""Parameters, trained parameters, epochs."""


class Choice(NamedTuple):
    """The winner, why, and a row for each scenario, the best score first."""

    winner: str
    reason: str
    candidates: pd.DataFrame


def choose(
    folds: pd.DataFrame,
    costs: Mapping[str, Cost],
    metric: str,
    alpha: float,
    blocks: str = "folds",
) -> Choice:
    """Choose from scores per scenario and fold (columns `scenario`, `fold` and the metric).

    `blocks` is what a fold is, in words: each may leave a collection out.
    """
    compared = compare(folds, metric, confidence=1 - alpha, alpha=alpha)
    names = compared[SCENARIO].tolist()
    candidates = pd.DataFrame(
        {
            SCENARIO: names,
            "mean": compared["mean"],
            "std": by_fold(folds, metric).std(axis=1).to_numpy(),
            "p_value": compared["p_holm"],
            "distinguishable": compared["distinguishable"],
            "near": compared["near"],
            **{key: [costs[name][place] for name in names] for place, key in enumerate(_COSTS)},
        }
    )
    equals = compared.loc[as_good(compared), SCENARIO].tolist()
    winner = min(equals, key=lambda name: (costs[name], names.index(name)))
    return Choice(winner, _reason(winner, equals, candidates, label(metric), blocks), candidates)


_COSTS = ("parameters", "trained_parameters", "epochs")


def _reason(
    winner: str, equals: list[str], candidates: pd.DataFrame, metric: str, blocks: str
) -> str:
    leader, score = str(candidates.iloc[0][SCENARIO]), _words(row_of(candidates, winner), blocks)
    if len(candidates) == 1:
        return f"{winner} is the only scenario; its {metric} is {score}."
    best = _words(row_of(candidates, leader), blocks)
    start = f"{leader} has the best {metric}, {best}. {verdict(candidates)}"
    if candidates["distinguishable"].sum() == len(candidates) - 1:
        return start
    if len(equals) == 1:
        return f"{start} None is within one standard error of it."
    if winner == leader:
        return f"{start} None within one standard error of it is cheaper."
    return (
        f"{start} {winner} is the cheapest within one standard error of it, with "
        f"{int(row_of(candidates, winner)['parameters']):,} parameters and {metric} {score}."
    )


def _words(row: "pd.Series[Any]", blocks: str) -> str:
    over = f"mean and standard deviation over the {blocks}"
    return f"{row['mean']:.4f} ± {row['std']:.4f} ({over})"
