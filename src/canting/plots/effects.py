"""What each level of each factor adds to the score."""

import pandas as pd
from matplotlib.figure import Figure

from canting.plots.figure import INDIGO, PALE, look, words
from canting.plots.intervals import ROW, draw_rows


def effects(table: pd.DataFrame, metric: str, confidence: float) -> Figure:
    """Draw the effect of each level with its interval, one panel a factor."""
    panels = [(str(name), rows) for name, rows in table.groupby("factor", sort=False)]
    heights = [len(rows) + 1.2 for _, rows in panels]
    with look():
        figure = Figure(figsize=(9, 1.1 + ROW * sum(heights)), layout="constrained")
        figure.suptitle(f"Effect of each factor on {words(metric)}", x=0.01, ha="left", fontsize=12)
        column = figure.subplots(
            len(panels), sharex=True, squeeze=False, height_ratios=heights
        ).ravel()
        for axes, (name, rows) in zip(column, panels, strict=True):
            axes.axvline(0, color=PALE, lw=1, zorder=0)
            amounts = [f"{value:+.4f}".replace("-", "−") for value in rows["effect"]]
            shown = rows.assign(at=rows["effect"])
            draw_rows(axes, shown, rows["level"].tolist(), amounts, [INDIGO] * len(rows))
            axes.set_title(words(name), fontsize=10, fontweight="bold")
        column[-1].set_xlabel(
            f"difference to the mean of the grid; line: {100 * confidence:g} % interval"
        )
    return figure
