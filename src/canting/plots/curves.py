"""Learning curves with the spread of the folds."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from canting.plots.figure import INDIGO, SOGA, look

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
