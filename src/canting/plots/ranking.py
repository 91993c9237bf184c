"""The scenarios by score, in the manner of a critical-difference diagram."""

from collections.abc import Mapping
from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from canting.plots.figure import INDIGO, PALE, SOGA, look, words
from canting.plots.intervals import ROW, draw_rows
from canting.statistics.comparison import verdict

COLOURS = {False: INDIGO, True: SOGA}
"""By whether a scenario is distinguishable from the best."""

NAMES = {False: "not distinguishable from the best", True: "distinguishable from the best"}


def ranking(
    comparison: pd.DataFrame, names: Mapping[str, str], metric: str, confidence: float
) -> Figure:
    """Draw each scenario's mean with the interval of its difference to the best.

    A bar joins those that are not distinguishable from the best.
    """
    labels = [names[name] for name in comparison["scenario"]]
    with look():
        width = max(10, 6 + 0.078 * max(map(len, labels)))
        figure = Figure(figsize=(width, 2.1 + ROW * len(labels)), layout="constrained")
        title = f"By {words(metric)}, the best first. {verdict(comparison)}"
        figure.suptitle(fill(title, 112), x=0.01, ha="left", fontsize=12)
        axes = figure.subplots()
        _draw(axes, comparison, labels)
        axes.set_xlabel(
            f"mean {words(metric)} of the folds; line: {100 * confidence:g} % interval of the "
            f"difference to the best"
        )
        kinds = sorted(set(comparison["distinguishable"]))
        handles = [Line2D([], [], color=COLOURS[kind], marker="o", ms=5) for kind in kinds]
        told = [NAMES[kind] for kind in kinds]
        figure.legend(handles, told, loc="outside lower right", ncols=2, frameon=False)
    return figure


def _draw(axes: Axes, comparison: pd.DataFrame, labels: list[str]) -> None:
    best = float(comparison.iloc[0]["mean"])
    rows = (comparison[["low", "high"]] + best).clip(0, 1).assign(at=comparison["mean"])
    colours = [COLOURS[kind] for kind in comparison["distinguishable"]]
    draw_rows(axes, rows, labels, _scores(comparison), colours)
    axes.axvline(best, color=PALE, lw=1, zorder=0)
    for place, kind in enumerate(comparison["distinguishable"]):
        if not kind:
            ends = [place - 0.5, place + 0.5]
            beside = axes.get_yaxis_transform()
            axes.plot([-0.006, -0.006], ends, INDIGO, lw=4, transform=beside, clip_on=False)


def _scores(comparison: pd.DataFrame) -> list[str]:
    rows = comparison.to_dict("records")
    tested = [f"{row['mean']:.4f}   {_probability(row['p_holm'])}" for row in rows[1:]]
    return [f"{rows[0]['mean']:.4f}   best", *tested]


def _probability(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p {p_value:.3f}"
