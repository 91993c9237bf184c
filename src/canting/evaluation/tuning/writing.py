"""Write the tables of the tune stage; seconds, which differ each time, are apart."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from canting.config.metrics import heading, label, sign
from canting.config.records import RecommendationRecord
from canting.config.tables import COMBINATION, COUNTED, DRAW, TIMED
from canting.config.tune import LOG, Setting, Tune
from canting.core import files
from canting.core.digits import reproducible
from canting.core.frames import records
from canting.evaluation.evaluate.paper_table import markdown
from canting.evaluation.plots.figure import save
from canting.evaluation.plots.parallel_coordinates import parallel
from canting.evaluation.plots.search_progress import search_progress
from canting.evaluation.plots.tuning import heat_map, importance, winners
from canting.evaluation.statistics.comparison import verdict
from canting.evaluation.tuning.choice import Recommendation
from canting.models.tune.sampler import importances


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
    ledger = reproducible(found.ledger.drop(columns=TIMED))
    named = {
        "comparison": found.comparison,
        "curves": found.curves,
        "folds": found.folds,
        "ledger": ledger,
        "trials": found.trials,
    }
    for name, table in named.items():
        files.write_text(folder / f"{name}.csv", reproducible(table).to_csv(index=False))
    scores = [metric, "low", "high", "best_inner", "loss", "epochs_to_convergence", "epochs"]
    files.write_json(folder / "metrics.json", by_combination(ledger, scores))


def write_found(found: Found, choice: Recommendation, setting: Setting, folder: Path) -> None:
    """Write the recommendation, and the ledger without seconds as a page."""
    method, optimizer, reason, same = choice
    told: RecommendationRecord = {
        "method": method,
        "optimizer": optimizer,
        "reason": reason,
        "same": same,
        "setting": setting,
    }
    timeless = found._replace(ledger=found.ledger.drop(columns=TIMED))
    files.write_text(folder / "ledger.md", page(timeless, choice))
    files.write_json(folder / "recommendation.json", told)


def write_measured(found: Found, choice: Recommendation, folder: Path) -> None:
    """Write what was measured: the whole ledger, and the seconds of each trial."""
    files.write_text(folder / "costs.csv", found.costs.to_csv(index=False))
    files.write_text(folder / "ledger.csv", found.ledger.to_csv(index=False))
    files.write_text(folder / "ledger.md", page(found, choice))
    files.write_json(folder / "costs.json", by_combination(found.ledger, TIMED))


def write_nothing(*folders: Path) -> None:
    """Write that nothing was tuned; the first folder is that of the results."""
    results, *others = folders
    files.write_json(results / "metrics.json", {})
    for folder in others:
        files.write_text(folder / "ledger.md", "Nothing was tuned: `tune.method` is none.\n")


ByCombination = dict[str, dict[str, dict[str, float]]]
"""Figures by method, optimizer and name."""


def by_combination(table: pd.DataFrame, columns: list[str]) -> ByCombination:
    """Return columns as DVC's metrics: method, optimizer, name; without what is not there."""
    found: ByCombination = {}
    for row in records(table):
        values = {name: float(row[name]) for name in columns if row[name] == row[name]}
        found.setdefault(row["method"], {})[row["optimizer"]] = values
    return found


def page(found: Found, choice: Recommendation) -> str:
    """Return the ledger in Markdown, with the verdict and the recommendation."""
    names = map(str, found.ledger)
    heads = [*COMBINATION, *(name for name in names if name not in COMBINATION)]
    rows = [[_cell(name, row[name]) for name in heads] for row in records(found.ledger)]
    table = markdown([label(head) for head in heads], rows, len(COMBINATION))
    said = verdict(found.comparison).replace("scenario", "combination")
    return f"{table}\n{said}\n\nRecommended: {choice.reason}\n"


def _cell(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if value != value:
        return "–"
    if name in ("searches", *COUNTED):
        return f"{int(value):,}"
    return f"{value:.1f}" if name in TIMED or name == "epochs_to_convergence" else f"{value:.4f}"


ENOUGH = 20
"""With fewer trials, the importance of a hyperparameter is not reliable."""


def draw_results(found: Found, tune: Tune, metric: str, folder: Path) -> None:
    """Draw what is the same each time."""
    folder.mkdir()
    title = f"Outer {heading(metric)} by optimizer and method"
    if len(found.ledger) > 1:
        drawn = heat_map(found.ledger, metric, title, "{:.4f}".format, sign(metric))
        save(drawn, folder / "scores.png")
    save(winners(found.curves, found.ledger), folder / "winners.png")
    complete = found.trials[found.trials["state"] == "complete"]
    keys = ["optimizer", *tune.space.axes()]
    save(parallel(complete, keys, LOG, metric), folder / "parallel.png")
    shares = _importances(complete, tune, metric)
    if len(complete) >= ENOUGH and shares:
        save(importance(shares, metric), folder / "importance.png")


def draw_measured(found: Found, metric: str, folder: Path) -> None:
    """Draw what was measured in seconds."""
    title, told = "Processor time of the searches (seconds)", "{:,.1f}".format
    if len(found.ledger) > 1:
        save(heat_map(found.ledger, "search_cpu_seconds", title, told), folder / "cost.png")
    save(search_progress(found.costs, metric), folder / "progress.png")


def _importances(complete: pd.DataFrame, tune: Tune, metric: str) -> dict[str, float]:
    """Measure scores from the mean of their fold, so that an easy fold does not count."""
    axes = {"optimizer": tune.optimizers, **tune.space.axes()}
    varied = {key: axis for key, axis in axes.items() if len(complete[key].unique()) > 1}
    scores = complete["score"] - complete.groupby(DRAW)["score"].transform("mean")
    settings = records(complete[list(varied)])
    named = [
        {str(key): value if value == value else None for key, value in setting.items()}
        for setting in settings
    ]
    scored = zip(named, scores.tolist(), strict=True)
    return importances(varied, scored, metric) if varied else {}
