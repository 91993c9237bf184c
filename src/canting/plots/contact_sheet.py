"""Misclassified pictures by pair of classes, the most frequent pair first."""

from pathlib import Path
from textwrap import fill
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canting.imaging import pictures
from canting.plots import sheet
from canting.plots.figure import INDIGO, PALE, SOGA, look
from canting.plots.mistakes import Pair, share_out

PIXELS = 208
"""A picture's longer side."""

LISTED = 10
"""So many of the pairs that are not shown are named."""


def misclassified(predictions: pd.DataFrame, folder: Path, most: int, title: str) -> Figure:
    """Draw up to `most` misclassified pictures, shared out over the pairs of classes by count.

    Of each pair the surest mistakes come first, with the probability of the wrong class.
    """
    pairs = share_out(predictions, most)
    shown = [pair for pair in pairs if pair.shown]
    words = fill(f"{title}: {_count(pairs)} of {len(predictions)} misclassified", 100)
    places = sheet.arrange([len(pair.shown) for pair in shown])
    lines = sheet.lines(shown, places, 0.5 + 0.22 * words.count("\n"))
    rest = _rest([pair for pair in pairs if not pair.shown])
    width = sheet.left(sheet.COLUMNS)
    height = lines[-1].heads + sheet.ROW * (rest.count("\n") + 2 if rest else 0)
    with look():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        axes.text(sheet.GAP, 0.17, words, fontsize=12, va="top")
        for pair, spots in zip(shown, places, strict=True):
            _head(axes, pair, spots, lines[spots[0][0]])
            for row, (line, column) in zip(pair.shown, spots, strict=True):
                _picture(axes, row, folder, sheet.left(column), lines[line].boxes)
        axes.text(sheet.GAP, lines[-1].heads + 0.05, rest, fontsize=9, va="top")
    return figure


def _head(axes: Axes, pair: Pair, spots: list[sheet.Place], line: sheet.Line) -> None:
    columns = sheet.width(spots)
    start = sheet.left(spots[0][1])
    end = start + sheet.left(columns) - 2 * sheet.GAP
    axes.plot([start, end], [line.heads, line.heads], color=PALE, lw=1)
    *names, count = sheet.heading(pair, columns)
    for place, name in enumerate(names):
        top = line.heads + 0.05 + place * sheet.ROW
        axes.text(start, top, name, va="top", color=INDIGO, fontsize=9, fontweight="bold")
    below = line.heads + 0.05 + len(names) * sheet.ROW
    axes.text(start, below, count, va="top", fontsize=9)


def _picture(axes: Axes, row: dict[str, Any], folder: Path, left: float, top: float) -> None:
    image = pictures.upright(pictures.decode(folder / str(row["path"])))
    image.thumbnail((PIXELS, PIXELS))
    inches = min(sheet.WIDE / image.width, sheet.TALL / image.height)
    right, bottom = left + image.width * inches, top + image.height * inches
    axes.imshow(image, extent=(left, right, bottom, top), aspect="auto")
    name = Path(str(row["path"])).name
    name = name if len(name) <= 20 else f"{name[:10]}…{name[-9:]}"
    words = f"{row['probability']:.0%}  {name}"
    axes.text(left, bottom + 0.04, words, va="top", color=SOGA, fontsize=7)


def _count(pairs: list[Pair]) -> int:
    return sum(pair.mistakes for pair in pairs)


def _rest(hidden: list[Pair]) -> str:
    if not hidden:
        return ""
    named = [f"{pair.label} → {pair.predicted} {pair.mistakes}" for pair in hidden[:LISTED]]
    more = f" and {len(hidden) - LISTED} pairs more" if len(hidden) > LISTED else ""
    return fill(f"Without a picture here: {', '.join(named)}{more}", 150)
