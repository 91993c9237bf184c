"""The best score so far against the processor time that a search has taken."""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from canting.config.catalog import METHODS
from canting.config.metrics import METRICS, heading
from canting.config.tables import DRAW, SEARCH
from canting.evaluation.plots.figure import look

Values = npt.NDArray[np.float64]

SCORES = (0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)

PERFECT = 0.9995
"""Highest score that is shown: on the scale of log-odds, 1 is infinitely far away."""


def search_progress(costs: pd.DataFrame, metric: str) -> Figure:
    """Draw a panel an optimizer and a line a method: the mean of its searches, from the time on
    at which each of them has a score.

    Processor time is the same beside other work; on log-odds, 0.98 and 0.99 are told apart, where
    the metric is a share.
    """
    share = (METRICS[metric].least, METRICS[metric].most) == (0, 1)
    costs = costs.assign(spent=costs.groupby(SEARCH, sort=False)["cpu_seconds"].cumsum())
    optimizers = sorted(costs["optimizer"].unique())
    methods = sorted(set(costs["method"]), key=list(METHODS).index)
    columns = min(3, len(optimizers))
    rows = math.ceil(len(optimizers) / columns)
    with look():
        figure = Figure(
            figsize=(max(7.8, 1.4 + 3.1 * columns), 1.5 + 2.1 * rows), layout="constrained"
        )
        title = f"Best inner {heading(metric)} so far against processor seconds of search"
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, optimizer in zip(panels, optimizers, strict=False):
            axes.set_title(optimizer, fontsize=10, fontweight="bold")
            ours = costs[costs["optimizer"] == optimizer]
            for method, part in ours.groupby("method", sort=False):
                _draw(axes, part, METHODS[str(method)].colour, share)
            axes.grid(alpha=0.15)
        _scale(panels[0], share)
        for axes in panels[len(optimizers) :]:
            axes.set_visible(False)
        figure.supxlabel("processor seconds, mean of the searches", x=0.01, ha="left", fontsize=10)
        handles = [Line2D([], [], color=METHODS[name].colour) for name in methods]
        figure.legend(handles, methods, loc="outside lower right", ncols=4, frameon=False)
    return figure


def _draw(axes: Axes, part: pd.DataFrame, colour: str, share: bool) -> None:
    searches = [one for _, one in part.groupby(DRAW) if one["best"].notna().any()]
    if not searches:
        return
    times = np.unique(np.concatenate([one["spent"].to_numpy() for one in searches]))
    best = np.asarray([_at(one, times) for one in searches])
    shown = ~np.isnan(best).any(axis=0)
    mean = best[:, shown].mean(axis=0)
    drawn = np.clip(mean, 1 - PERFECT, PERFECT) if share else mean
    axes.step(times[shown], drawn, where="post", color=colour, lw=1.5)


def _scale(axes: Axes, share: bool) -> None:
    """Set both scales, which all panels share."""
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    if not share:
        return
    axes.set_yscale("logit")
    axes.yaxis.set_major_locator(FixedLocator(SCORES))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())


def _at(search: pd.DataFrame, times: Values) -> Values:
    """Return the best score at each time, NaN before the first."""
    places = np.searchsorted(search["spent"].to_numpy(), times, side="right") - 1
    best = search["best"].to_numpy(np.float64)
    return np.where(places >= 0, best[np.maximum(places, 0)], np.nan)
