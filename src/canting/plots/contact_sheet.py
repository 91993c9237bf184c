"""Misclassified pictures, the surest mistakes first."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canting import pictures
from canting.plots.figure import INDIGO, SOGA, look

COLUMNS, SIDE = 6, 192
"""Pictures in a row, and pixels of a picture's longer side."""


def misclassified(predictions: pd.DataFrame, folder: Path, most: int, title: str) -> Figure:
    """Draw up to `most` misclassified pictures with true and predicted label and probability."""
    wrong = predictions[predictions["predicted"] != predictions["label"]]
    wrong = wrong.sort_values(["probability", "path"], ascending=[False, True])
    shown = wrong.head(most).to_dict("records")
    rows = max(1, -(-len(shown) // COLUMNS))
    with look():
        figure = Figure(figsize=(11, 0.4 + 2.15 * rows), layout="constrained")
        figure.suptitle(_title(title, len(wrong), len(predictions), len(shown)), x=0.01, ha="left")
        axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for place in axes:
            place.set_axis_off()
        for place, row in zip(axes, shown, strict=False):
            _draw(place, row, folder)
    return figure


def _title(title: str, wrong: int, total: int, shown: int) -> str:
    rest = f", the {shown} surest of them" if shown < wrong else ""
    return f"{title}: {wrong} of {total} misclassified{rest}"


def _draw(axes: Axes, row: dict[str, str | float], folder: Path) -> None:
    image = pictures.upright(pictures.decode(folder / str(row["path"])))
    image.thumbnail((SIDE, SIDE))
    axes.imshow(image)
    axes.set_anchor("S")
    axes.set_title(f"{row['predicted']} {row['probability']:.0%}", color=SOGA, fontsize=9, pad=12)
    axes.text(0, 1.02, f"is {row['label']}", color=INDIGO, fontsize=9, transform=axes.transAxes)
