"""The pictures of the tune stage as files."""

from pathlib import Path

import pandas as pd

from canting.config.tune import LOG, Tune
from canting.models.tune.sampler import importances
from canting.plots.figure import save, words
from canting.plots.heat_map import heat_map
from canting.plots.importance import importance
from canting.plots.parallel import parallel
from canting.plots.search_progress import search_progress
from canting.plots.winners import winners
from canting.tune.tables import SEARCH
from canting.tune.writing import Found

ENOUGH = 20
"""With fewer trials, the importance of a hyperparameter is anybody's guess."""


def draw_results(found: Found, tune: Tune, metric: str, folder: Path) -> None:
    """Draw what is the same each time."""
    folder.mkdir()
    title = f"Outer {words(metric)} by optimizer and method"
    if len(found.ledger) > 1:
        save(heat_map(found.ledger, metric, title, "{:.4f}".format), folder / "scores.png")
    save(winners(found.curves, found.ledger), folder / "winners.png")
    complete = found.trials[found.trials["state"] == "complete"]
    keys = ["optimizer", *tune.space.axes()]
    save(parallel(complete, keys, LOG, metric), folder / "parallel.png")
    shares = _importances(complete, tune)
    if len(complete) >= ENOUGH and shares:
        save(importance(shares, metric), folder / "importance.png")


def draw_measured(found: Found, metric: str, folder: Path) -> None:
    """Draw what was measured in seconds."""
    title, told = "Processor time of the searches (seconds)", "{:,.1f}".format
    if len(found.ledger) > 1:
        save(heat_map(found.ledger, "search_cpu_seconds", title, told), folder / "cost.png")
    save(search_progress(found.costs, metric), folder / "progress.png")


def _importances(complete: pd.DataFrame, tune: Tune) -> dict[str, float]:
    """Measure scores from the mean of their fold, so that an easy fold does not count."""
    axes = {"optimizer": tune.optimizers, **tune.space.axes()}
    varied = {key: axis for key, axis in axes.items() if len(complete[key].unique()) > 1}
    scores = complete["score"] - complete.groupby(SEARCH[2:])["score"].transform("mean")
    settings = complete[list(varied)].to_dict("records")
    named = [
        {str(key): value if value == value else None for key, value in setting.items()}
        for setting in settings
    ]
    return importances(varied, zip(named, scores.tolist(), strict=True)) if varied else {}
