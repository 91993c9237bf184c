"""The confusion matrix, with counts and rates."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from canting.evaluation.plots.figure import INDIGO, INK, PAPER, look
from canting.models.scores import Counts


def confusion(counts: Counts, labels: Sequence[str], title: str) -> Figure:
    """Draw counts, summed over the folds, with the share of each true class below."""
    rates = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    longest = max(map(len, labels))
    side = 1.8 + 0.95 * len(labels) + 0.05 * longest
    with look():
        figure = Figure(figsize=(side + 0.9, side), layout="constrained")
        figure.suptitle(fill(title, int(side / 0.11)), x=0.01, ha="left", fontsize=12)
        axes = figure.subplots()
        shades = LinearSegmentedColormap.from_list("indigo", [PAPER, INDIGO])
        image = axes.imshow(rates, cmap=shades, vmin=0, vmax=1)
        axes.set(xlabel="predicted", ylabel="true")
        axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(labels)), labels)
        for (row, column), rate in np.ndenumerate(rates):
            words = f"{counts[row, column]}\n{rate:.1%}"
            ink = PAPER if rate > 0.65 else INK
            axes.text(column, row, words, ha="center", va="center", color=ink)
        figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.8)
    return figure
