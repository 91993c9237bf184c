"""Learning curves with the spread of the folds."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from canting.evaluation.plots.figure import INDIGO, INK, PALE, SOGA, look

LINES = (("training part", "", SOGA), ("test part", "val_", INDIGO))


def learning_curves(curves: pd.DataFrame, title: str) -> Figure:
    """Draw loss and accuracy by epoch: the mean of the folds, and from lowest to highest fold."""
    with look():
        figure = Figure(figsize=(9.5, 3.8), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        loss, accuracy = figure.subplots(1, 2)
        _draw(loss, curves, "loss", "loss (nats)")
        _draw(accuracy, curves, "accuracy", "accuracy")
        loss.set_ylim(bottom=0)
        accuracy.set_ylim(top=1.005)
        accuracy.legend(loc="lower right", frameon=False)
    return figure


def _draw(axes: Axes, curves: pd.DataFrame, column: str, words: str) -> None:
    for name, prefix, colour in LINES:
        by_epoch = curves.groupby("epoch")[prefix + column]
        epochs = by_epoch.mean().index
        axes.fill_between(epochs, by_epoch.min(), by_epoch.max(), color=colour, alpha=0.18, lw=0)
        axes.plot(epochs, by_epoch.mean(), color=colour, label=name)
    axes.set(xlabel="epoch", ylabel=words)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def reliability(table: pd.DataFrame, calibration: "pd.Series[Any]", title: str) -> Figure:
    """Draw accuracy by confidence, as trained and with scaled logits, above the share of pictures.

    `calibration` is the scenario's row of the table of calibration.
    """
    scaled = f"divided by the temperature {calibration['temperature']:.2f}"
    sides = [
        ("", f"as trained: expected calibration error {calibration['ece']:.4f}"),
        ("_scaled", f"{scaled}: {calibration['ece_scaled']:.4f}"),
    ]
    with look():
        figure = Figure(figsize=(9.5, 5.4), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        grid = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(3.4, 1))
        for place, (ending, words) in enumerate(sides):
            _draw_bins(grid[0, place], table, ending)
            _count(grid[1, place], table, ending)
            grid[0, place].set_title(words, fontsize=10)
        grid[0, 0].set_ylabel("accuracy")
        grid[1, 0].set_ylabel("pictures")
        grid[0, 0].legend(loc="upper left", frameon=False)
    return figure


def _draw_bins(axes: Axes, table: pd.DataFrame, ending: str) -> None:
    full = table[table[f"pictures{ending}"] > 0]
    confidence, accuracy = full[f"confidence{ending}"], full[f"accuracy{ending}"]
    width = full["high"] - full["low"]
    axes.plot([0, 1], [0, 1], color=PALE, lw=1.2, ls="--", label="perfect calibration")
    axes.bar(full["low"], accuracy, width, align="edge", color=INDIGO, alpha=0.25, lw=0)
    axes.vlines(confidence, accuracy, confidence, colors=SOGA, lw=1.6, label="gap")
    axes.scatter(confidence, accuracy, color=INDIGO, s=22, zorder=3, label="bin")
    axes.set(xlim=(0, 1), ylim=(0, 1.03))
    axes.yaxis.set_major_formatter(PercentFormatter(1))


def _count(axes: Axes, table: pd.DataFrame, ending: str) -> None:
    width = table["high"] - table["low"]
    axes.bar(table["low"], table[f"pictures{ending}"], width, align="edge", color=INK, alpha=0.55)
    axes.set(xlabel="probability of the predicted class")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
