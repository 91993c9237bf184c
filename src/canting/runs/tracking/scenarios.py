"""The scenarios of a snapshot as runs: scores, folds as steps, curves by epoch."""

import math
from pathlib import Path
from typing import Any

import pandas as pd

from canting.config.columns import CURVES, FOLD, SCENARIO
from canting.config.scenario import Scenario
from canting.config.tables import COLLECTION, COMBINATION, DRAW, REPEAT, SEARCH
from canting.core import files
from canting.core.frames import records
from canting.documents import read
from canting.documents.report.tuning import ledger
from canting.documents.run import train_costs
from canting.evaluation.statistics import factors
from canting.runs.tracking.run import KIND, Point, TrackedRun, joined, numbers, words

KEYS = list(Scenario.model_fields)


def scenarios(folder: Path, study: str) -> tuple[TrackedRun, ...]:
    """Return a run for each scenario that was trained, failed ones included."""
    trained = read.table(folder / "build" / "train" / "scenarios.csv")
    names = factors.full_names(trained)
    tables = {
        "scored": read.table(folder / "build" / "report" / "scenarios.csv"),
        **{name: _evaluated(folder, name) for name in ("calibration", "folds")},
        "compared": _evaluated(folder, "comparison/comparison").drop(columns="mean"),
        "curves": read.table(folder / "build" / "train" / "curves.csv"),
        "costs": train_costs(folder / "build"),
    }
    parts = {name: dict(iter(table.groupby(SCENARIO))) for name, table in tables.items()}
    return tuple(
        _scenario(row, names, {name: found.get(row[SCENARIO]) for name, found in parts.items()},
                  folder, study)
        for row in records(trained)
    )  # fmt: skip


def _scenario(
    row: dict[Any, Any],
    names: dict[str, str],
    of: dict[str, pd.DataFrame | None],
    folder: Path,
    study: str,
) -> TrackedRun:
    name = str(row[SCENARIO])
    picture = folder / "build" / "confusions" / f"{name}.png"
    return TrackedRun(
        names[name],
        files.digest(study, "scenario", name),
        {KIND: "scenario", "canting.scenario": name},
        words({key: row[key] for key in KEYS}),
        joined((_figures(of["scored"]), _figures(of["calibration"]),
                _figures(of["compared"], "against best/"),
                _folds(of["folds"]), _curves(of["curves"]))),
        seconds=0.0 if of["costs"] is None else float(of["costs"]["seconds"].sum()),
        failure=str(row["failure"]),
        pictures=(picture,) if picture.is_file() else (),
    )  # fmt: skip


def _figures(table: pd.DataFrame | None, prefix: str = "") -> tuple[Point, ...]:
    """Return the numbers of a table's only row but the scenario keys, which are parameters."""
    return () if table is None else numbers(_plain(table.iloc[0], [SCENARIO, *KEYS]), prefix)


def _folds(table: pd.DataFrame | None) -> tuple[Point, ...]:
    """Return the scores of each fold, the fold as the step, and of a collection by its name.

    Those of further draws of the folds follow.
    """
    rows = [] if table is None else [row for _, row in table.iterrows()]
    each = 0 if table is None else table[FOLD].nunique()
    parts = [("folds/", each * (row.get(REPEAT, 1) - 1) + row[FOLD], row) for row in rows]
    parts += [(f"collections/{row[COLLECTION]}/", 0, row) for row in rows if COLLECTION in row]
    known = [SCENARIO, *DRAW]
    return joined(numbers(_plain(row, known), prefix, step) for prefix, step, row in parts)


def _curves(table: pd.DataFrame | None) -> tuple[Point, ...]:
    """Return loss and accuracy by epoch: the mean of the folds, and each fold."""
    if table is None:
        return ()
    mean = table.groupby("epoch", as_index=False)[CURVES].mean()
    parts = [("epochs/", mean)]
    parts += [(f"fold {fold}/", part) for fold, part in table.groupby(FOLD)]
    return joined(
        numbers({name: row[name] for name in CURVES}, prefix, int(row["epoch"]))
        for prefix, part in parts
        for row in records(part)
    )


def _plain(row: "pd.Series[Any]", without: list[str]) -> dict[Any, Any]:
    return dict(row.drop(labels=without, errors="ignore"))


def _evaluated(folder: Path, name: str) -> pd.DataFrame:
    return read.table(folder / "results" / "evaluate" / f"{name}.csv")


def searches(folder: Path, study: str) -> tuple[TrackedRun, ...]:
    """Return a run for each combination that was searched; none where nothing was tuned."""
    results = folder / "results" / "tune"
    if not (results / "ledger.csv").is_file():
        return ()
    tables = [read.table(results / f"{name}.csv") for name in ("trials", "folds", "curves")]
    rows = records(ledger(folder))
    return tuple(_combination(row, [_of(table, row) for table in tables], study) for row in rows)


def _combination(row: dict[Any, Any], of: list[pd.DataFrame], study: str) -> TrackedRun:
    trials, folds, curves = of
    names = {key: str(row[key]) for key in COMBINATION}
    return TrackedRun(
        f"tuning: {' · '.join(names.values())}",
        files.digest(study, "search", names),
        {KIND: "search"},
        words(names),
        joined((numbers(row), _trials(trials), _outer_folds(folds), _search_curves(curves))),
        seconds=_seconds(row["search_seconds"]),
        failure="" if math.isfinite(row["low"]) else "a search found nothing",
    )


def _seconds(value: float) -> float:
    return value if math.isfinite(value) and value > 0 else 0.0


def _trials(table: pd.DataFrame) -> tuple[Point, ...]:
    """Return setting and inner score of each trial of all searches, one after another."""
    shown = table.drop(columns=[*SEARCH, "trial"]).assign(best=table["score"].cummax())
    rows = enumerate(records(shown))
    return joined(numbers(row, "trials/", step) for step, row in rows)


def _outer_folds(table: pd.DataFrame) -> tuple[Point, ...]:
    """Return the scores of each outer fold of each repeat, one after another."""
    rows = enumerate(records(table.drop(columns=SEARCH)))
    return joined(numbers(row, "folds/", step) for step, row in rows)


def _search_curves(table: pd.DataFrame) -> tuple[Point, ...]:
    """Return the curves of what was tuned, by epoch, for each repeat and outer fold."""
    parts = table.groupby(DRAW)
    rows = (
        (f"repeat {repeat} fold {fold}/", row)
        for (repeat, fold), part in parts
        for row in records(part.drop(columns=SEARCH))
    )
    return joined(
        numbers({key: value for key, value in row.items() if key != "epoch"}, prefix, row["epoch"])
        for prefix, row in rows
    )


def _of(table: pd.DataFrame, row: dict[Any, Any]) -> pd.DataFrame:
    return table[(table[COMBINATION] == [row[key] for key in COMBINATION]).all(axis=1)]
