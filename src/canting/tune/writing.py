"""The tables of the tune stage as files; seconds, which differ each time, stand apart."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from canting.core import files
from canting.evaluate.paper_table import markdown
from canting.plots.figure import words
from canting.statistics.comparison import verdict
from canting.tune.choice import Choice
from canting.tune.ledger import COMBINATION

COUNTED = ("searches", "trials", "pruned", "failed", "epochs")
TIMED = ("search_seconds", "search_cpu_seconds", "seconds_to_near", "train_seconds")


class Found(NamedTuple):
    """All tables of a study; `ledger` has the costs too."""

    trials: pd.DataFrame
    folds: pd.DataFrame
    curves: pd.DataFrame
    costs: pd.DataFrame
    ledger: pd.DataFrame
    comparison: pd.DataFrame


def write_results(found: Found, metric: str, folder: Path) -> None:
    """Write what is the same each time."""
    ledger = found.ledger.drop(columns=list(TIMED))
    named = {
        "comparison": found.comparison,
        "curves": found.curves,
        "folds": found.folds,
        "ledger": ledger,
        "trials": found.trials,
    }
    for name, table in named.items():
        files.write_text(folder / f"{name}.csv", table.to_csv(index=False))
    scores = [metric, "low", "high", "best_inner", "loss", "epochs_to_convergence", "epochs"]
    files.write_json(folder / "metrics.json", by_combination(ledger, scores))


def write_measured(
    found: Found, choice: Choice, setting: dict[str, Any], folder: Path, costs: Path
) -> None:
    """Write what was measured: the whole ledger, the seconds of each trial, the recommendation."""
    told = {**choice._asdict(), "setting": setting}
    files.write_text(folder / "costs.csv", found.costs.to_csv(index=False))
    files.write_text(folder / "ledger.csv", found.ledger.to_csv(index=False))
    files.write_text(folder / "ledger.md", page(found, choice))
    files.write_json(folder / "recommendation.json", told)
    files.write_json(costs, by_combination(found.ledger, list(TIMED)))


def write_nothing(folder: Path, measured: Path, costs: Path) -> None:
    """Write that nothing was tuned."""
    files.write_json(folder / "metrics.json", {})
    files.write_json(costs, {})
    files.write_text(measured / "ledger.md", "Nothing was tuned: `tune.method` is none.\n")


def by_combination(table: pd.DataFrame, columns: list[str]) -> dict[str, Any]:
    """Return columns as DVC's metrics: method, optimizer, name; without what is not there."""
    found: dict[str, Any] = {}
    for row in table.to_dict("records"):
        values = {name: float(row[name]) for name in columns if row[name] == row[name]}
        found.setdefault(row["method"], {})[row["optimizer"]] = values
    return found


def page(found: Found, choice: Choice) -> str:
    """Return the ledger in Markdown, with the verdict and the recommendation."""
    heads = [*COMBINATION, *(name for name in found.ledger if name not in COMBINATION)]
    rows = [[_cell(name, row[name]) for name in heads] for row in found.ledger.to_dict("records")]
    table = markdown([words(str(head)) for head in heads], rows, len(COMBINATION))
    said = verdict(found.comparison).replace("scenario", "combination")
    return f"{table}\n{said}\n\nRecommended: {choice.reason}\n"


def _cell(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if value != value:
        return "–"
    if name in COUNTED:
        return f"{int(value):,}"
    return f"{value:.1f}" if name in TIMED or name == "epochs_to_convergence" else f"{value:.4f}"
