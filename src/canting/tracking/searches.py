"""The searches of a snapshot as runs: one for each method with each optimizer, trials as steps."""

import math
from pathlib import Path
from typing import Any

import pandas as pd

from canting.core import files
from canting.documents import read
from canting.tracking.run import KIND, Point, Run, joined, numbers, words

COMBINATION = ["method", "optimizer"]
"""Columns that name a combination."""

SEARCH = [*COMBINATION, "repeat", "fold"]
"""Columns that name a search."""


def searches(folder: Path, study: str) -> tuple[Run, ...]:
    """Return a run for each combination that was searched; none where nothing was tuned."""
    path = folder / "build" / "tune" / "ledger.csv"
    if not path.is_file():
        return ()
    results = folder / "results" / "tune"
    tables = [read.table(results / f"{name}.csv") for name in ("trials", "folds", "curves")]
    ledger = read.table(path).to_dict("records")
    return tuple(_combination(row, [_of(table, row) for table in tables], study) for row in ledger)


def _combination(row: dict[Any, Any], of: list[pd.DataFrame], study: str) -> Run:
    trials, folds, curves = of
    names = {key: str(row[key]) for key in COMBINATION}
    return Run(
        f"tuning: {' · '.join(names.values())}",
        files.digest(study, "search", names),
        {KIND: "search"},
        words(names),
        joined((numbers(row), _trials(trials), _folds(folds), _curves(curves))),
        seconds=max(0.0, float(row["search_seconds"])),
        failure="" if math.isfinite(row["low"]) else "a search found nothing",
    )


def _trials(table: pd.DataFrame) -> tuple[Point, ...]:
    """Return setting and inner score of each trial of all searches, one after another."""
    shown = table.drop(columns=[*SEARCH, "trial"]).assign(best=table["score"].cummax())
    rows = enumerate(shown.to_dict("records"))
    return joined(numbers(row, "trials/", step) for step, row in rows)


def _folds(table: pd.DataFrame) -> tuple[Point, ...]:
    """Return the scores of each outer fold of each repeat, one after another."""
    rows = enumerate(table.drop(columns=SEARCH).to_dict("records"))
    return joined(numbers(row, "folds/", step) for step, row in rows)


def _curves(table: pd.DataFrame) -> tuple[Point, ...]:
    """Return the curves of what was tuned, by epoch, for each repeat and outer fold."""
    parts = table.groupby(["repeat", "fold"])
    rows = (
        (f"repeat {repeat} fold {fold}/", row)
        for (repeat, fold), part in parts
        for row in part.drop(columns=SEARCH).to_dict("records")
    )
    return joined(
        numbers({key: value for key, value in row.items() if key != "epoch"}, prefix, row["epoch"])
        for prefix, row in rows
    )


def _of(table: pd.DataFrame, row: dict[Any, Any]) -> pd.DataFrame:
    return table[(table[COMBINATION] == [row[key] for key in COMBINATION]).all(axis=1)]
