"""The best score so far against the time that a search has taken."""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from canting.plots.figure import look, words
from canting.plots.methods import COLOURS

Values = npt.NDArray[np.float64]


def search_progress(costs: pd.DataFrame, metric: str) -> Figure:
    """Draw a panel an optimizer and a line a method: the mean of its searches, from the time on
    at which each of them has a score.
    """
    optimizers = sorted(costs["optimizer"].unique())
    methods = [name for name in COLOURS if name in set(costs["method"])]
    columns = min(3, len(optimizers))
    rows = math.ceil(len(optimizers) / columns)
    with look():
        figure = Figure(
            figsize=(max(7.8, 1.4 + 3.1 * columns), 1.5 + 2.1 * rows), layout="constrained"
        )
        title = f"Best inner {words(metric)} so far against seconds of search"
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, optimizer in zip(panels, optimizers, strict=False):
            axes.set_title(optimizer, fontsize=10, fontweight="bold")
            ours = costs[costs["optimizer"] == optimizer]
            for method, part in ours.groupby("method", sort=False):
                _draw(axes, part, COLOURS[str(method)])
            axes.grid(alpha=0.15)
        for axes in panels[len(optimizers) :]:
            axes.set_visible(False)
        figure.supxlabel("seconds, mean of the searches", x=0.01, ha="left", fontsize=10)
        handles = [Line2D([], [], color=COLOURS[name]) for name in methods]
        figure.legend(handles, methods, loc="outside lower right", ncols=4, frameon=False)
    return figure


def _draw(axes: Axes, part: pd.DataFrame, colour: str) -> None:
    searches = [one for _, one in part.groupby(["repeat", "fold"]) if one["best"].notna().any()]
    if not searches:
        return
    times = np.unique(np.concatenate([one["elapsed"].to_numpy() for one in searches]))
    best = np.asarray([_at(one, times) for one in searches])
    shown = ~np.isnan(best).any(axis=0)
    axes.step(times[shown], best[:, shown].mean(axis=0), where="post", color=colour, lw=1.5)


def _at(search: pd.DataFrame, times: Values) -> Values:
    """Return the best score at each time, NaN before the first."""
    places = np.searchsorted(search["elapsed"].to_numpy(), times, side="right") - 1
    best = search["best"].to_numpy(np.float64)
    return np.where(places >= 0, best[np.maximum(places, 0)], np.nan)
