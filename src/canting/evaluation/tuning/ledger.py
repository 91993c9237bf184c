"""The ledger: what each combination of method and optimizer found, and what the search cost."""

import math

import numpy as np
import pandas as pd

from canting.config.columns import FOLD, SCENARIO
from canting.config.metrics import METRICS, sign
from canting.config.tables import COMBINATION, SEARCH
from canting.evaluation.statistics.comparison import compare
from canting.evaluation.statistics.inference import interval

NEAR = 0.01
"""A search is near when its best score is off by this share of the final one."""


def ledger(
    trials: pd.DataFrame, folds: pd.DataFrame, metric: str, confidence: float
) -> pd.DataFrame:
    """Return a row a combination, the best mean outer score first, failed ones last.

    Counts of trials and epochs are of all its searches together; `low` to `high` is the interval
    of the outer score; `std_folds` its mean spread over the folds of a repeat, `std_seeds` the
    spread of the repeats' means. A combination with a search that found nothing has no outer score.
    """
    rows = []
    for names, found in folds.groupby(COMBINATION, sort=False):
        tried = trials[(trials[COMBINATION] == list(names)).all(axis=1)]
        named = dict(zip(COMBINATION, names, strict=True))
        rows.append({**named, **_counts(tried, found), **_scores(found, metric, confidence)})
    table = pd.DataFrame(rows)
    return table.sort_values(metric, ascending=sign(metric) < 0, kind="stable", ignore_index=True)


def with_costs(
    table: pd.DataFrame, costs: pd.DataFrame, trainings: pd.DataFrame, metric: str
) -> pd.DataFrame:
    """Add seconds of all searches of a combination, and those of training what they found.

    `seconds_to_near` is the mean time that a search took to come within 1 % of its final best.
    """
    by = costs.groupby(COMBINATION)
    near = costs.groupby(SEARCH).apply(_near, sign(metric))
    measured = pd.DataFrame(
        {
            "search_seconds": by["seconds"].sum(),
            "search_cpu_seconds": by["cpu_seconds"].sum(),
            "seconds_to_near": near.groupby(COMBINATION).mean(),
            "train_seconds": trainings.groupby(COMBINATION)["seconds"].sum(),
        }
    )
    return table.join(measured, on=COMBINATION)


def comparison(
    folds: pd.DataFrame, ranked: pd.DataFrame, metric: str, *, confidence: float, alpha: float
) -> pd.DataFrame:
    """Return every combination that has an outer score against the best, on the same folds."""
    scored = ranked.loc[ranked[metric].notna(), COMBINATION]
    table = scored.merge(folds, on=COMBINATION)
    named = table.assign(scenario=_names(table))
    found = compare(named, metric, confidence=confidence, alpha=alpha)
    parts = found[SCENARIO].str.split(SEPARATOR, expand=True)
    found.insert(0, "method", parts[0])
    found.insert(1, "optimizer", parts[1])
    return found.drop(columns=SCENARIO)


SEPARATOR = " · "


def _names(table: pd.DataFrame) -> "pd.Series[str]":
    return table["method"] + SEPARATOR + table["optimizer"]


def _counts(trials: pd.DataFrame, folds: pd.DataFrame) -> dict[str, int]:
    states = trials["state"].value_counts()
    return {
        "searches": len(folds),
        "trials": len(trials),
        "pruned": int(states.get("pruned", 0)),
        "failed": int(states.get("failed", 0)),
        "epochs": int(trials["epochs"].sum()),
    }


def _scores(folds: pd.DataFrame, metric: str, confidence: float) -> dict[str, float]:
    values = folds[metric].to_numpy(np.float64)
    parts = folds.groupby("repeat")[metric]
    ends = interval(values, confidence, int(folds[FOLD].nunique()))
    lost = bool(np.isnan(values).any())
    return {
        "best_inner": folds["inner"].mean(),
        metric: math.nan if lost else ends.mean,
        "low": math.nan if lost else max(METRICS[metric].least, ends.low),
        "high": math.nan if lost else min(METRICS[metric].most, ends.high),
        "std_folds": math.nan if lost else float(parts.std(ddof=1).mean()),
        "std_seeds": math.nan if lost else float(parts.mean().std(ddof=1)),
        "loss": folds["loss"].mean(skipna=False),
        "epochs_to_convergence": folds["epochs_to_convergence"].mean(),
    }


def _near(search: pd.DataFrame, better: int) -> float:
    final = search["best"].iloc[-1]
    near = better * (final - search["best"]) <= NEAR * abs(final)
    return float(search.loc[near, "elapsed"].iloc[0]) if near.any() else math.nan
