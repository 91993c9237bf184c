"""The scenarios of a snapshot as runs: scores, folds as steps, curves by epoch."""

from pathlib import Path
from typing import Any

import pandas as pd

from canting.config.scenario import Scenario
from canting.core import files
from canting.documents import read
from canting.evaluation.statistics import factors
from canting.tracking.run import KIND, Point, Run, joined, numbers, words

CURVES = ["loss", "accuracy", "val_loss", "val_accuracy"]
KEYS = list(Scenario.model_fields)


def scenarios(folder: Path, study: str) -> tuple[Run, ...]:
    """Return a run for each scenario that was trained, failed ones included."""
    trained = read.table(folder / "build" / "train" / "scenarios.csv")
    names = factors.full_names(trained)
    tables = {
        "scored": read.table(folder / "build" / "report" / "scenarios.csv"),
        **{name: _evaluated(folder, name) for name in ("calibration", "folds")},
        "compared": _evaluated(folder, "comparison/comparison").drop(columns="mean"),
        "curves": read.table(folder / "build" / "train" / "curves.csv"),
        "costs": read.table(folder / "build" / "train" / "costs.csv"),
    }
    parts = {name: dict(iter(table.groupby("scenario"))) for name, table in tables.items()}
    return tuple(
        _scenario(row, names, {name: found.get(row["scenario"]) for name, found in parts.items()},
                  folder, study)
        for row in trained.to_dict("records")
    )  # fmt: skip


def _scenario(
    row: dict[Any, Any],
    names: dict[str, str],
    of: dict[str, pd.DataFrame | None],
    folder: Path,
    study: str,
) -> Run:
    name = str(row["scenario"])
    picture = folder / "build" / "confusions" / f"{name}.png"
    return Run(
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
    return () if table is None else numbers(_plain(table.iloc[0], ["scenario", *KEYS]), prefix)


def _folds(table: pd.DataFrame | None) -> tuple[Point, ...]:
    """Return the scores of each fold, the fold as the step."""
    rows = () if table is None else (row for _, row in table.iterrows())
    return joined(numbers(_plain(row, ["scenario", "fold"]), "folds/", row["fold"]) for row in rows)


def _curves(table: pd.DataFrame | None) -> tuple[Point, ...]:
    """Return loss and accuracy by epoch: the mean of the folds, and each fold."""
    if table is None:
        return ()
    mean = table.groupby("epoch", as_index=False)[CURVES].mean()
    parts = [("epochs/", mean)]
    parts += [(f"fold {fold}/", part) for fold, part in table.groupby("fold")]
    return joined(
        numbers({name: row[name] for name in CURVES}, prefix, int(row["epoch"]))
        for prefix, part in parts
        for row in part.to_dict("records")
    )


def _plain(row: "pd.Series[Any]", without: list[str]) -> dict[Any, Any]:
    return dict(row.drop(labels=without, errors="ignore"))


def _evaluated(folder: Path, name: str) -> pd.DataFrame:
    return read.table(folder / "results" / "evaluate" / f"{name}.csv")
