"""Refused good pictures against refused unknown ones, over all thresholds."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from canting.evaluation.abstention.fit import threshold
from canting.evaluation.plots.figure import INDIGO, PALE, SOGA, look

SHARES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
"""Shares of refused good pictures that the table has."""

Distances = npt.NDArray[np.float64]
"""`(n,)`, in units of the threshold: above 1 a picture is refused."""


def refusal_table(good: Distances, unknown: Distances) -> pd.DataFrame:
    """Return for each of `SHARES` the distance that refuses no more good pictures than that.

    Columns are `wanted`, `distance`, and the shares `good` and `unknown` that are above it.
    """
    ends = np.array([threshold(good, share) for share in SHARES])
    rates = {"good": _above(good, ends), "unknown": _above(unknown, ends)}
    return pd.DataFrame({"wanted": SHARES, "distance": ends, **rates})


def refusals(good: Distances, unknown: Distances, title: str) -> Figure:
    """Draw the curve, and where the threshold of the model, a distance of 1, is on it."""
    ends = np.unique(np.concatenate([[-np.inf], good, unknown]))[::-1]
    with look():
        figure = Figure(figsize=(5.6, 5.2), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=PALE, lw=1.2, ls="--", label="by chance")
        axes.step(_above(good, ends), _above(unknown, ends), color=INDIGO, where="post")
        here = [_above(distances, np.ones(1)) for distances in (good, unknown)]
        label = "the model: {:.0%} of good, {:.0%} of unknown".format(*(part[0] for part in here))
        axes.plot(*here, "o", color=SOGA, label=label)
        axes.set(xlabel="good pictures refused", ylabel="unknown pictures refused")
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.legend(loc="lower right", frameon=False)
    return figure


def _above(distances: Distances, ends: Distances) -> Distances:
    return np.asarray((distances[None] > ends[:, None]).mean(axis=1))
