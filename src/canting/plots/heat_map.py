"""A value for each optimizer and method, as colours with figures."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure

from canting.plots.figure import INDIGO, INK, PALE, PAPER, look
from canting.plots.methods import COLOURS

DARK = 0.55
"""From this share of the scale on, figures are printed light."""


def heat_map(ledger: pd.DataFrame, column: str, title: str, told: Callable[[float], str]) -> Figure:
    """Draw a column of the ledger by optimizer and method; a value that is not there is a dash."""
    methods = [name for name in COLOURS if name in set(ledger["method"])]
    optimizers = sorted(ledger["optimizer"].unique())
    table = ledger.pivot_table(index="optimizer", columns="method", values=column, dropna=False)
    values = table.reindex(index=optimizers, columns=methods).to_numpy(np.float64)
    width = 2.4 + 1.15 * len(methods) + 0.075 * max(map(len, optimizers))
    dye = LinearSegmentedColormap.from_list("indigo", [PAPER, INDIGO])
    shades = dye.with_extremes(bad=to_rgba(PALE, 0.35))
    with look():
        size = max(width, 1.2 + 0.085 * len(title)), 1.3 + 0.36 * len(optimizers)
        figure = Figure(figsize=size, layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        axes = figure.subplots()
        axes.imshow(values, cmap=shades, aspect="auto")
        axes.set_xticks(range(len(methods)), methods)
        axes.set_yticks(range(len(optimizers)), optimizers)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        _write(axes, values, told)
    return figure


def _write(axes: Axes, values: npt.NDArray[np.float64], told: Callable[[float], str]) -> None:
    low, high = np.nanmin(values), np.nanmax(values)
    for (row, column), value in np.ndenumerate(values):
        known = not np.isnan(value)
        ink = PAPER if known and value - low > DARK * (high - low) else INK
        text = told(value) if known else "–"
        axes.text(column, row, text, ha="center", va="center", color=ink)
