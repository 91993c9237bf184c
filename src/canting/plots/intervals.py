"""Rows of a dot with its interval, a name on the left and words on the right."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from canting.plots.figure import INK

ROW = 0.27
"""Inches a row."""


def draw_rows(
    axes: Axes,
    rows: pd.DataFrame,
    names: Sequence[str],
    words: Sequence[str],
    colours: Sequence[str],
) -> None:
    """Draw columns `at`, `low` and `high`, the first row on top."""
    places = range(len(rows))
    axes.hlines(places, rows["low"], rows["high"], colors=list(colours), lw=1.6)
    axes.scatter(rows["at"], places, c=list(colours), s=26, zorder=3)
    axes.set_yticks(places, names)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    right = axes.twinx()
    right.set_yticks(places, words)
    right.set_ylim(axes.get_ylim())
    right.spines[:].set_visible(False)
    for side in (axes, right):
        side.tick_params(axis="y", length=0, labelcolor=INK, pad=9)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", alpha=0.15)
    axes.set_axisbelow(True)
