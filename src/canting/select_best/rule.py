"""The rule that chooses a scenario, and its reason in words.

The scenario with the best mean score over the folds leads. Every scenario that cannot be told from
it is as good; among those the cheapest wins: fewest parameters, then fewest trained parameters,
then fewest epochs, then the better score.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from canting.select_best.comparison import corrected_p_value, holm

Cost = tuple[int, int, int]
"""Parameters, trained parameters, epochs."""


class Choice(NamedTuple):
    """The winner, why, and a row for each scenario, the best score first."""

    winner: str
    reason: str
    candidates: pd.DataFrame


def choose(folds: pd.DataFrame, costs: Mapping[str, Cost], metric: str, alpha: float) -> Choice:
    """Choose from scores per scenario and fold (columns `scenario`, `fold` and the metric)."""
    table = folds.pivot_table(index="scenario", columns="fold", values=metric, sort=False)
    table = table.loc[table.mean(axis=1).sort_values(ascending=False, kind="stable").index]
    values = table.to_numpy(np.float64)
    p_values = [1.0, *holm([corrected_p_value(values[0], other) for other in values[1:]])]
    names = [str(name) for name in table.index]
    candidates = pd.DataFrame(
        {
            "scenario": names,
            "mean": values.mean(axis=1),
            "std": values.std(axis=1, ddof=1),
            "p_value": p_values,
            "distinguishable": [p < alpha for p in p_values],
            **{key: [costs[name][place] for name in names] for place, key in enumerate(_COSTS)},
        }
    )
    equals = [name for name, p in zip(names, p_values, strict=True) if p >= alpha]
    winner = min(equals, key=lambda name: (costs[name], names.index(name)))
    return Choice(winner, _reason(winner, equals, candidates, metric), candidates)


_COSTS = ("parameters", "trained_parameters", "epochs")


def _reason(winner: str, equals: list[str], candidates: pd.DataFrame, metric: str) -> str:
    rows = candidates.set_index("scenario")
    leader, score = str(candidates.iloc[0]["scenario"]), _words(rows.loc[winner])
    if len(candidates) == 1:
        return f"{winner} is the only scenario; its {metric} is {score}."
    if len(equals) == 1:
        return (
            f"{winner} has the best {metric}, {score}, and every other scenario is distinguishable "
            f"from it."
        )
    same = f"{len(equals) - 1} of the {len(candidates) - 1} other scenarios cannot be told from it"
    start = f"{leader} has the best {metric}, {_words(rows.loc[leader])}; {same}"
    if winner == leader:
        return f"{start}, and none of these is cheaper."
    return (
        f"{start}. {winner} is the cheapest of these, with "
        f"{int(rows.loc[winner, 'parameters']):,} parameters and {metric} {score}."
    )


def _words(row: "pd.Series[Any]") -> str:
    return f"{row['mean']:.4f} ± {row['std']:.4f} over the folds"
