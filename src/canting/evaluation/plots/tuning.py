"""A value for each optimizer and method, as colours with figures."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from canting.config.catalog import METHODS
from canting.config.metrics import label
from canting.evaluation.plots.figure import INDIGO, INK, PALE, PAPER, look

DARK = 0.55
"""From this share of the scale on, figures are printed light."""


def heat_map(
    ledger: pd.DataFrame, column: str, title: str, told: Callable[[float], str], dark: int = 1
) -> Figure:
    """Draw a column of the ledger by optimizer and method; a value that is not there is a dash.

    High values are dark; with `dark` -1, low ones.
    """
    methods = sorted(set(ledger["method"]), key=list(METHODS).index)
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
        axes.imshow(dark * values, cmap=shades, aspect="auto")
        axes.set_xticks(range(len(methods)), methods)
        axes.set_yticks(range(len(optimizers)), optimizers)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        _write(axes, values, told, dark)
    return figure


def _write(
    axes: Axes, values: npt.NDArray[np.float64], told: Callable[[float], str], dark: int
) -> None:
    low, high = np.nanmin(dark * values), np.nanmax(dark * values)
    for (row, column), value in np.ndenumerate(values):
        known = not np.isnan(value)
        ink = PAPER if known and dark * value - low > DARK * (high - low) else INK
        text = told(value) if known else "–"
        axes.text(column, row, text, ha="center", va="center", color=ink)


def importance(found: Mapping[str, float], metric: str) -> Figure:
    """Draw the importance of each key for the score, the most important on top."""
    pairs = sorted(found.items(), key=lambda pair: -pair[1])
    with look():
        figure = Figure(figsize=(7.5, 1.3 + 0.36 * len(pairs)), layout="constrained")
        title = f"Importance for a good inner {label(metric)} (PED-ANOVA)"
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        axes = figure.subplots()
        shares = [share for _, share in pairs]
        bars = axes.barh(range(len(pairs)), shares, color=INDIGO, height=0.6)
        axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=4, fontsize=9)
        axes.set_yticks(range(len(pairs)), [label(key) for key, _ in pairs])
        axes.set_ylim(len(pairs) - 0.4, -0.6)
        axes.set_xlim(0, 1.1 * max([*shares, 0.01]))
        axes.set_xlabel("share")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_formatter("{x:.0%}")
    return figure


def winners(curves: pd.DataFrame, ledger: pd.DataFrame) -> Figure:
    """Draw loss and accuracy on the outer folds: means, and from the lowest to the highest fold."""
    best = ledger.drop_duplicates("method").set_index("method")["optimizer"]
    with look():
        figure = Figure(figsize=(9.5, 3.8), layout="constrained")
        title = "Tuned models on the outer folds, each method with its best optimizer"
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        panels = figure.subplots(1, 2)
        for method in sorted(best.index, key=list(METHODS).index):
            optimizer = best[method]
            ours = curves[(curves["method"] == method) & (curves["optimizer"] == optimizer)]
            for axes, column in zip(panels, ("val_loss", "val_accuracy"), strict=True):
                by_epoch, colour = ours.groupby("epoch")[column], METHODS[method].colour
                mean = by_epoch.mean()
                ends = by_epoch.min(), by_epoch.max()
                axes.fill_between(mean.index, *ends, color=colour, alpha=0.1, lw=0)
                name = f"{method} · {optimizer}"
                axes.plot(mean.index, mean, color=colour, lw=1.6, marker="o", ms=2.5, label=name)
        for axes, words in zip(panels, ("loss (nats)", "accuracy"), strict=True):
            axes.set(xlabel="epoch", ylabel=words)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        panels[0].set_ylim(bottom=0)
        panels[1].set_ylim(top=1.005)
        panels[1].legend(loc="lower right", frameon=False)
    return figure
