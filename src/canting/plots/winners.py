"""Learning curves of what each method found with its best optimizer."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from canting.plots.figure import look
from canting.plots.methods import COLOURS


def winners(curves: pd.DataFrame, ledger: pd.DataFrame) -> Figure:
    """Draw loss and accuracy on the outer folds: means, and from the lowest to the highest fold."""
    best = ledger.drop_duplicates("method").set_index("method")["optimizer"]
    with look():
        figure = Figure(figsize=(9.5, 3.8), layout="constrained")
        title = "Tuned models on the outer folds, each method with its best optimizer"
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        panels = figure.subplots(1, 2)
        for method in [name for name in COLOURS if name in best.index]:
            optimizer = best[method]
            ours = curves[(curves["method"] == method) & (curves["optimizer"] == optimizer)]
            for axes, column in zip(panels, ("val_loss", "val_accuracy"), strict=True):
                by_epoch, colour = ours.groupby("epoch")[column], COLOURS[method]
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
