"""Plot of accuracy by the strength of a change."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from canting.config.catalog import CORRUPTIONS
from canting.config.columns import LABEL
from canting.evaluation.plots.figure import INDIGO, INK, PALE, look

COLOURS = ("#c2571a", "#2e7d6b", "#8a2d5c", "#b08c1a", "#5b7f2b", "#6a5acd", "#a0522d", "#3a8fb7")
"""Of the classes, each also told by its mark."""

MARKS = "os^Dv*Xp"

TOLD_APART = 12
"""Classes that have a line of their own; of more, only the line of all is drawn."""

COLUMNS = 4


def corruptions(table: pd.DataFrame, title: str) -> Figure:
    """Draw accuracy by level, a panel a kind: all classes with their interval, and each class.

    `table` has a row for each kind, level and label; label "" is all classes, kind "none" the
    pictures as they are.
    """
    kinds = [kind for kind in dict.fromkeys(table["kind"]) if kind != "none"]
    count = -(-(len(kinds) + 1) // COLUMNS)
    with look():
        figure = Figure(figsize=(11, 0.5 + 2.5 * count), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        panels = figure.subplots(count, COLUMNS, sharey=True, squeeze=False).ravel()
        for axes, kind in zip(panels, kinds, strict=False):
            _draw(axes, table, kind)
        for axes in panels[len(kinds) :]:
            axes.axis("off")
        handles, labels = panels[0].get_legend_handles_labels()
        panels[-1].legend(handles, labels, loc="center", frameon=False, fontsize=9)
    return figure


def _draw(axes: Axes, table: pd.DataFrame, kind: str) -> None:
    shown = table[table["kind"].isin(["none", kind])]
    row = CORRUPTIONS[kind]
    levels = shown.loc[(shown["kind"] == kind) & (shown[LABEL] == ""), "level"]
    every = shown[shown[LABEL] == ""]
    places = np.arange(len(every))
    axes.axhline(every["accuracy"].iloc[0], color=PALE, lw=1.2, ls="--", label="unchanged")
    _draw_classes(axes, shown)
    axes.fill_between(places, every["low"], every["high"], color=INDIGO, alpha=0.15, lw=0)
    axes.plot(places, every["accuracy"], color=INDIGO, lw=2.2, label="all classes, with interval")
    axes.set_title(row.title, fontsize=10, fontweight="bold")
    axes.set_xlabel(row.axis, fontsize=9)
    axes.set_xticks(places, ["none", *map(row.shown.format, levels)], fontsize=8.5)
    axes.set(ylim=(0, 1.03), xlim=(-0.15, len(places) - 0.85))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y", color=INK, alpha=0.1)


def _draw_classes(axes: Axes, shown: pd.DataFrame) -> None:
    labels: Sequence[Any] = [label for label in dict.fromkeys(shown[LABEL]) if label]
    if len(labels) > TOLD_APART:
        return
    for label, colour, mark in zip(labels, cycle(COLOURS), cycle(MARKS), strict=False):
        values = shown.loc[shown[LABEL] == label, "accuracy"]
        style: dict[str, Any] = {
            "color": colour,
            "marker": mark,
            "ms": 3.2,
            "lw": 0.9,
            "alpha": 0.85,
        }
        axes.plot(range(len(values)), values, label=str(label), **style)
