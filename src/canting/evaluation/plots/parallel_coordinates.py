"""Parallel coordinates: one line a trial, from hyperparameter to hyperparameter to score."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from canting.config.metrics import heading, label, sign
from canting.evaluation.plots.figure import INDIGO, INK, PALE, SOGA, look

JITTER = 0.025
"""Lines through one named value are spread by so much, either way, to be seen apart."""


class Scale(NamedTuple):
    """Where the values of an axis stand, from 0 to 1, and what is written beside it."""

    places: npt.NDArray[np.float64]
    ticks: list[tuple[float, str]]


def parallel(trials: pd.DataFrame, keys: Sequence[str], log: Sequence[str], metric: str) -> Figure:
    """Draw the finished trials, the better ones darker and on top."""
    complete = trials[trials["state"] == "complete"]
    ranked = complete.assign(rank=sign(metric) * complete["score"])
    shown = ranked.sort_values("rank", kind="stable")
    varied = [key for key in keys if len(shown[key].unique()) > 1]
    scales = [*(_scale(shown[key], key in log) for key in varied), _numbers(shown["score"], False)]
    lines = np.column_stack([scale.places for scale in scales])
    with look():
        figure = Figure(figsize=(3 + 1.75 * len(scales), 4.6), layout="constrained")
        title = f"Settings of {len(shown):,} trials, and their inner {heading(metric)}"
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        axes = figure.subplots()
        heat = ScalarMappable(
            Normalize(*shown["rank"].quantile([0.05, 1.0])),
            LinearSegmentedColormap.from_list("dye", [PALE, SOGA, INDIGO]),
        )
        points = np.stack([np.broadcast_to(np.arange(len(scales)), lines.shape), lines], axis=2)
        lines_ = LineCollection(list(points), linewidths=0.7, alpha=min(0.8, 40 / len(shown) + 0.2))
        lines_.set_color(heat.to_rgba(shown["rank"].to_numpy()).tolist())
        axes.add_collection(lines_)
        for place, scale in enumerate(scales):
            _axis(axes, place, scale)
        names = [label(key) for key in [*varied, metric]]
        axes.set_xticks(range(len(scales)), names, fontweight="bold")
        axes.set(xlim=(-0.25, len(scales) - 0.45), ylim=(-0.06, 1.06), yticks=[])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


def _axis(axes: Axes, place: int, scale: Scale) -> None:
    axes.plot([place, place], [-0.03, 1.03], color=INK, lw=0.9)
    for height, name in scale.ticks:
        box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8}
        axes.text(place + 0.03, height, name, va="center", fontsize=8, bbox=box, zorder=4)


def _scale(column: "pd.Series[Any]", log: bool) -> Scale:
    distinct = len(column.unique())
    if pd.api.types.is_numeric_dtype(column) and distinct > 6:
        return _numbers(column, log)
    return _names(column)


def _numbers(column: "pd.Series[Any]", log: bool) -> Scale:
    values = np.log10(column.to_numpy(np.float64)) if log else column.to_numpy(np.float64)
    low, high = float(values.min()), float(values.max())
    span = (high - low) or 1.0
    written = np.linspace(low, high, 4)
    ticks = [((at - low) / span, f"{10**at if log else at:.3g}") for at in written]
    return Scale((values - low) / span, ticks)


def _names(column: "pd.Series[Any]") -> Scale:
    """Spread the lines through a value by their order: the picture is the same each time."""
    numeric = pd.api.types.is_numeric_dtype(column)
    values = [value if value == value and value is not None else "none" for value in column]
    names = sorted(set(values), key=lambda one: (one == "none", one))
    step = 1 / max(len(names) - 1, 1)
    places = np.asarray([names.index(value) * step for value in values])
    golden = (np.arange(len(values)) * (math.sqrt(5) - 1) / 2) % 1
    told = [f"{name:g}" if numeric and name != "none" else str(name) for name in names]
    ticks = [(place * step, name) for place, name in enumerate(told)]
    return Scale(places + JITTER * (2 * golden - 1), ticks)
