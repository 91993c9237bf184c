"""Misclassified pictures by pair of classes, the most frequent pair first."""

from pathlib import Path
from textwrap import fill
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canting import pictures
from canting.plots.figure import INDIGO, INK, PALE, SOGA, look
from canting.plots.mistakes import COLUMNS, Pair, Place, arrange, share_out

PIXELS = 208
"""A picture's longer side."""

WIDE, TALL, GAP = 1.6, 1.3, 0.15
"""Inches: the box of a picture, and what is between two boxes."""

LINE, TOP = 0.165, 0.55
"""Inches: a line of words, and the title."""

LISTED = 10
"""So many of the pairs that are not shown are named."""


def misclassified(predictions: pd.DataFrame, folder: Path, most: int, title: str) -> Figure:
    """Draw up to `most` misclassified pictures, shared out over the pairs of classes by count.

    Of each pair the surest mistakes come first, with the probability of the wrong class.
    """
    pairs = share_out(predictions, most)
    shown = [pair for pair in pairs if pair.shown]
    places = arrange([len(pair.shown) for pair in shown])
    tops = _tops(shown, places)
    rest = _rest([pair for pair in pairs if not pair.shown])
    width = COLUMNS * (WIDE + GAP) + GAP
    height = tops[-1] + LINE * (rest.count("\n") + 2 if rest else 0)
    with look():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        wrong = sum(pair.mistakes for pair in pairs)
        words = f"{title}: {wrong} of {len(predictions)} misclassified"
        axes.text(GAP, 0.17, words, fontsize=12, va="top")
        for pair, spots in zip(shown, places, strict=True):
            _head(axes, pair, spots, tops)
            for row, (line, column) in zip(pair.shown, spots, strict=True):
                _picture(axes, row, folder, column * (WIDE + GAP) + GAP, tops[line])
        axes.text(GAP, tops[-1] + LINE, rest, fontsize=9, va="top", color=INK)
    return figure


def _words(pair: Pair, spots: list[Place]) -> str:
    columns = len({column for _, column in spots})
    names = fill(f"{pair.label} → {pair.predicted}", 21 * columns)
    return f"{names}\n{pair.mistakes} of {pair.support}"


def _tops(shown: list[Pair], places: list[list[Place]]) -> list[float]:
    """Return the upper edge of the boxes of each line, and at last the end of the last line."""
    heads = [0.0] * (1 + max((spots[-1][0] for spots in places), default=-1))
    for pair, spots in zip(shown, places, strict=True):
        line, lines = spots[0][0], _words(pair, spots).count("\n") + 1
        heads[line] = max(heads[line], LINE * lines + GAP)
    tops, top = [], TOP
    for head in heads:
        tops.append(top + head)
        top += head + TALL + LINE + GAP
    return [*tops, top]


def _head(axes: Axes, pair: Pair, spots: list[Place], tops: list[float]) -> None:
    words = _words(pair, spots)
    line, column = spots[0]
    columns = [place for row, place in spots if row == line]
    left, right = column * (WIDE + GAP) + GAP, max(columns) * (WIDE + GAP) + GAP + WIDE
    bottom = tops[line] - 0.07
    top = bottom - LINE * (words.count("\n") + 1) - 0.04
    axes.plot([left, right], [top, top], color=PALE, lw=1)
    names, count = words.rsplit("\n", 1)
    axes.text(left, top + 0.05, names, va="top", color=INDIGO, fontsize=9, fontweight="bold")
    axes.text(left, bottom, count, va="bottom", fontsize=9)


def _picture(axes: Axes, row: dict[str, Any], folder: Path, left: float, top: float) -> None:
    image = pictures.upright(pictures.decode(folder / str(row["path"])))
    image.thumbnail((PIXELS, PIXELS))
    inches = min(WIDE / image.width, TALL / image.height)
    right, above = left + image.width * inches, top + TALL - image.height * inches
    axes.imshow(image, extent=(left, right, top + TALL, above), aspect="auto")
    name = Path(str(row["path"])).name
    name = name if len(name) <= 22 else f"{name[:12]}…{name[-9:]}"
    words = f"{row['probability']:.0%}  {name}"
    axes.text(left, top + TALL + 0.04, words, va="top", color=SOGA, fontsize=7.5)


def _rest(hidden: list[Pair]) -> str:
    if not hidden:
        return ""
    named = [f"{pair.label} → {pair.predicted} {pair.mistakes}" for pair in hidden[:LISTED]]
    more = f" and {len(hidden) - LISTED} pairs more" if len(hidden) > LISTED else ""
    return fill(f"Without a picture here: {', '.join(named)}{more}", 150)
