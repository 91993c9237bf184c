"""The table of scenarios, with what each one cost."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import pandas as pd

from canting.config.columns import SCENARIO
from canting.config.metrics import METRICS, USUAL, averaged, ends_of, label, mean_of
from canting.config.scenario import AND, members_of
from canting.config.tables import STABILITY
from canting.core.frames import Row, records
from canting.documents.content import Span, Strong, Table
from canting.documents.numbers import count, decimal, interval, millions, score, seconds, size
from canting.documents.run import Run
from canting.evaluation.statistics.factors import level
from canting.models.features.store import slug

HEADINGS = {"fine_tune_from": "from", "learning_rate": "learning rate", "batch_size": "batch"}


def full(run: Run) -> pd.DataFrame:
    """Return the table of scores with measured costs: seconds, and milliseconds a picture.

    `train_seconds` is the sum over the folds; `feature_seconds` is what all views took on the
    frozen part of the network, which scenarios of one trunk share. The last row is the ensemble's,
    where one was chosen: sums over its members, what they share counted once.
    """
    trained = run.train_costs.groupby(SCENARIO)["seconds"].sum()
    trunks = [_trunks(run, row) for row in records(run.scored)]
    return run.scored.assign(
        train_seconds=[
            sum(trained.get(one, math.nan) for one in members_of(name))
            for name in run.scored[SCENARIO]
        ],
        feature_seconds=[trunk_cost(run, list(dict.fromkeys(one)), "seconds") for one in trunks],
        milliseconds=[trunk_cost(run, one, "milliseconds") for one in trunks],
    )


def trunk_cost(run: Run, trunks: list[str], name: Literal["seconds", "milliseconds"]) -> float:
    """Return the sum of a cost of trunks; NaN where one was not measured here."""
    costs = [run.feature_costs.get(trunk) for trunk in trunks]
    return sum(math.nan if cost is None else cost[name] for cost in costs)


def _trunks(run: Run, row: Row) -> list[str]:
    if run.ensemble and row[SCENARIO] == AND.join(run.ensemble["members"]):
        return run.ensemble["trunks"]
    return [slug(row["backbone"], row["fine_tune_from"] or None)]


def means(run: Run, caption: str) -> Table:
    """Return the scenarios with the means of their scores over the folds, the best first."""
    return _table(run, caption, {**_means(), **_EPOCHS})


def pooled(run: Run, caption: str) -> Table:
    """Return the scenarios with their pooled scores, in the same order."""
    scores: dict[str, Cell] = {label(name): partial(_score, name) for name in METRICS}
    return _table(run, caption, {**scores, **_stability(run)})


def elsewhere(run: Run, caption: str) -> Table:
    """Return the scenarios with their scores on other collections, in the same order."""
    return _table(run, caption, _ELSEWHERE)


def costs(run: Run, caption: str) -> Table:
    """Return the scenarios with their costs, in the same order."""
    return _table(run, caption, {f"{label(USUAL)}, pooled": partial(_score, USUAL), **_COSTS})


def everything(run: Run, caption: str) -> Table:
    """Return the scenarios with scores and costs."""
    pooled = {f"{label(name)}, pooled": partial(_score, name) for name in METRICS}
    return _table(run, caption, {**_means(), **pooled, **_stability(run), **_EPOCHS, **_COSTS})


def mean_with_interval(row: Any, name: str) -> str:
    """Return the mean of a metric over the folds with its interval, from a row of the ranking."""
    return f"{score(row[mean_of(name)])} {_interval(ends_of(name), row)}"


Cell = Callable[[Row], str]

_EPOCHS: dict[str, Cell] = {"epochs to best": lambda row: decimal(row["epochs_to_best"])}

_COSTS: dict[str, Cell] = {
    "training": lambda row: seconds(row["train_seconds"]),
    "features": lambda row: seconds(row["feature_seconds"]),
    "parameters": lambda row: count(row["parameters"]),
    "multiply-adds": lambda row: millions(row["multiply_adds"]),
    "model": lambda row: size(row["model_bytes"]),
    "ms a picture": lambda row: decimal(row["milliseconds"]),
}


_ELSEWHERE: dict[str, Cell] = {
    "macro F1 inside": lambda row: score(row[USUAL]),
    "elsewhere": lambda row: score(row[f"other_{USUAL}"]),
    "interval": lambda row: _interval((f"other_{USUAL}_low", f"other_{USUAL}_high"), row),
    "lost": lambda row: score(row["other_gap"]),
    "accuracy elsewhere": lambda row: score(row["other_accuracy"]),
    "interval of accuracy": lambda row: _interval(
        ("other_accuracy_low", "other_accuracy_high"), row
    ),
    "calibration error": lambda row: score(row["other_ece"]),
}


def _table(run: Run, caption: str, cells: dict[str, Cell]) -> Table:
    rows = [
        (*_keys(run, row), *(cell(row) for cell in cells.values())) for row in records(full(run))
    ]
    headings = [HEADINGS.get(key, key) for key in run.keys]
    return Table(caption, (*headings, *cells), tuple(rows), words=len(headings))


def _means() -> dict[str, Cell]:
    """Return two columns a metric: its mean over the folds, and the interval of that mean."""
    found: dict[str, Cell] = {}
    for name in averaged():
        found[f"{label(name)}, mean"] = partial(_score, mean_of(name))
        found[f"interval of {label(name)}"] = partial(_interval, ends_of(name))
    return found


def _stability(run: Run) -> dict[str, Cell]:
    """Return a column where the folds were drawn more than once."""
    return {STABILITY: partial(_score, STABILITY)} if STABILITY in run.scored else {}


def _score(column: str, row: Row) -> str:
    return score(row[column])


def _interval(columns: tuple[str, str], row: Row) -> str:
    low, high = columns
    return interval(row[low], row[high])


def _keys(run: Run, row: Row) -> list[Span]:
    words = [level(row[key]) for key in run.keys]
    return [*map(Strong, words)] if row[SCENARIO] == run.winner else [*words]
