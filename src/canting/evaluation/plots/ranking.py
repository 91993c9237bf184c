"""Rows of a dot with its interval, a name on the left and words on the right."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from canting.config.columns import SCENARIO
from canting.config.metrics import METRICS, Metric, heading, label
from canting.core.frames import records
from canting.evaluation.plots.figure import INDIGO, INK, PALE, SOGA, look
from canting.evaluation.statistics.comparison import verdict

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


def effects(table: pd.DataFrame, metric: str, confidence: float) -> Figure:
    """Draw the effect of each level with its interval, one panel a factor."""
    panels = [(str(name), rows) for name, rows in table.groupby("factor", sort=False)]
    heights = [len(rows) + 1.2 for _, rows in panels]
    with look():
        figure = Figure(figsize=(9, 1.1 + ROW * sum(heights)), layout="constrained")
        figure.suptitle(
            f"Effect of each factor on {heading(metric)}", x=0.01, ha="left", fontsize=12
        )
        column = figure.subplots(
            len(panels), sharex=True, squeeze=False, height_ratios=heights
        ).ravel()
        for axes, (name, rows) in zip(column, panels, strict=True):
            axes.axvline(0, color=PALE, lw=1, zorder=0)
            amounts = [f"{value:+.4f}".replace("-", "−") for value in rows["effect"]]
            shown = rows.assign(at=rows["effect"])
            draw_rows(axes, shown, rows["level"].tolist(), amounts, [INDIGO] * len(rows))
            axes.set_title(label(name), fontsize=10, fontweight="bold")
        column[-1].set_xlabel(
            f"difference to the mean of the grid; line: {100 * confidence:g} % interval"
        )
    return figure


COLOURS = {False: INDIGO, True: SOGA}
"""By whether a scenario is distinguishable from the best."""

NAMES = {False: "not distinguishable from the best", True: "distinguishable from the best"}


def ranking(
    comparison: pd.DataFrame,
    names: Mapping[str, str],
    metric: str,
    confidence: float,
    blocks: str = "folds",
) -> Figure:
    """Draw each scenario's mean with the interval of its difference to the best.

    A bar joins those that are not distinguishable from the best.
    """
    labels = [names[name] for name in comparison[SCENARIO]]
    with look():
        width = max(10, 6 + 0.078 * max(map(len, labels)))
        figure = Figure(figsize=(width, 2.1 + ROW * len(labels)), layout="constrained")
        title = f"By {heading(metric)}, the best first. {verdict(comparison)}"
        figure.suptitle(fill(title, 112), x=0.01, ha="left", fontsize=12)
        axes = figure.subplots()
        _draw(axes, comparison, labels, METRICS[metric])
        axes.set_xlabel(
            f"mean {label(metric)} of the {blocks}; line: {100 * confidence:g} % interval of the "
            f"difference to the best"
        )
        kinds = sorted(set(comparison["distinguishable"]))
        handles = [Line2D([], [], color=COLOURS[kind], marker="o", ms=5) for kind in kinds]
        told = [NAMES[kind] for kind in kinds]
        figure.legend(handles, told, loc="outside lower right", ncols=2, frameon=False)
    return figure


def _draw(axes: Axes, comparison: pd.DataFrame, labels: list[str], metric: Metric) -> None:
    best = float(comparison.iloc[0]["mean"])
    ends = (comparison[["low", "high"]] + best).clip(metric.least, metric.most)
    rows = ends.assign(at=comparison["mean"])
    colours = [COLOURS[kind] for kind in comparison["distinguishable"]]
    draw_rows(axes, rows, labels, _scores(comparison), colours)
    axes.axvline(best, color=PALE, lw=1, zorder=0)
    for place, kind in enumerate(comparison["distinguishable"]):
        if not kind:
            joined = [place - 0.5, place + 0.5]
            beside = axes.get_yaxis_transform()
            axes.plot([-0.006, -0.006], joined, INDIGO, lw=4, transform=beside, clip_on=False)


def _scores(comparison: pd.DataFrame) -> list[str]:
    rows = records(comparison)
    tested = [f"{row['mean']:.4f}   {_probability(row['p_holm'])}" for row in rows[1:]]
    return [f"{rows[0]['mean']:.4f}   best", *tested]


def _probability(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p {p_value:.3f}"
