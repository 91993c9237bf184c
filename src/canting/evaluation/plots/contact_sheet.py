"""The contact sheet of misclassified pictures: selection, layout, drawing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canting.config.columns import LABEL, PATH, PREDICTED
from canting.evaluation.plots.figure import INDIGO, PALE, SOGA, look
from canting.imaging import pictures


class Mistake(NamedTuple):
    """A picture below the folder of pictures, and the probability of its wrong label."""

    path: str
    probability: float


class Pair(NamedTuple):
    """Pictures of one class that were taken for another, the surest mistakes first.

    `shown` of the `mistakes` among the `support` pictures of the class `label`.
    """

    label: str
    predicted: str
    mistakes: int
    support: int
    shown: list[Mistake]


def share_out(predictions: pd.DataFrame, most: int) -> list[Pair]:
    """Return every pair of classes, the most frequent first, with `most` pictures among them.

    Places go to pairs by their counts, as seats by the method of Sainte-Laguë.
    """
    wrong = predictions[predictions[PREDICTED] != predictions[LABEL]]
    wrong = wrong.sort_values(["probability", PATH], ascending=[False, True])
    by_pair = wrong.groupby([LABEL, PREDICTED])[PATH]
    count, rank = by_pair.transform("size"), by_pair.cumcount()
    claims = wrong.assign(claim=count / (2 * rank + 1)).sort_values(
        ["claim", LABEL, PREDICTED], ascending=[False, True, True], kind="stable"
    )
    chosen = set(claims.index[:most])
    support = Counter(predictions[LABEL])
    pairs = [
        Pair(label, predicted, len(part), support[label], _shown(part, chosen))
        for (label, predicted), part in _by_pair(wrong)
    ]
    return sorted(pairs, key=lambda pair: -pair.mistakes)


def _by_pair(wrong: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    for names, part in wrong.groupby([LABEL, PREDICTED]):
        label, predicted = map(str, names)
        yield (label, predicted), part


def _shown(part: pd.DataFrame, chosen: set[Any]) -> list[Mistake]:
    shown = part[part.index.isin(chosen)]
    return list(map(Mistake, shown[PATH], shown["probability"]))


COLUMNS = 6
"""Pictures in a line."""

WIDE, TALL, GAP = 1.6, 1.3, 0.15
"""The box of a picture, and what is between two boxes."""

ROW, LETTER = 0.165, 0.088
"""A row of words, and a letter of a heading."""

Place = tuple[int, int]
"""Line and column of a picture."""


class Line(NamedTuple):
    """Upper edges of a line's headings and of its pictures."""

    heads: float
    boxes: float


def arrange(sizes: Sequence[int]) -> list[list[Place]]:
    """Return the places of groups of so many pictures: beside each other where they fit whole."""
    places, line, column = [], 0, 0
    for size in sizes:
        if column and column + size > COLUMNS:
            line, column = line + 1, 0
        start = line * COLUMNS + column
        places.append([divmod(number, COLUMNS) for number in range(start, start + size)])
        line, column = divmod(start + size, COLUMNS)
        if size > COLUMNS and column:
            line, column = line + 1, 0
    return places


def left(column: int) -> float:
    """Return the left edge of a column."""
    return column * (WIDE + GAP) + GAP


def heading(pair: Pair, columns: int) -> list[str]:
    """Return the rows of a pair's heading, not wider than so many columns."""
    letters = int((left(columns) - 2 * GAP) / LETTER)
    names = f"{pair.label} → {pair.predicted}"
    if len(names) > letters:
        names = f"{fill(f'{pair.label} →', letters)}\n{fill(pair.predicted, letters)}"
    return [*names.split("\n"), f"{pair.mistakes} of {pair.support}"]


def sheet_lines(pairs: Sequence[Pair], places: Sequence[list[Place]], top: float) -> list[Line]:
    """Return where each line is, and at last the end of all."""
    rows = [0] * (1 + max((spots[-1][0] for spots in places), default=-1))
    for pair, spots in zip(pairs, places, strict=True):
        first = spots[0][0]
        rows[first] = max(rows[first], len(heading(pair, width(spots))))
    found = []
    for count in rows:
        boxes = top + count * ROW + GAP * (count > 0)
        found.append(Line(top, boxes))
        top = boxes + TALL + ROW + GAP
    return [*found, Line(top, top)]


def width(spots: Sequence[Place]) -> int:
    """Return how many columns a group takes."""
    return len({column for _, column in spots})


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
    places = arrange([len(pair.shown) for pair in shown])
    lines = sheet_lines(shown, places, 0.5 + 0.22 * words.count("\n"))
    rest = _rest([pair for pair in pairs if not pair.shown])
    width = left(COLUMNS)
    height = lines[-1].heads + ROW * (rest.count("\n") + 2 if rest else 0)
    with look():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        axes.text(GAP, 0.17, words, fontsize=12, va="top")
        for pair, spots in zip(shown, places, strict=True):
            _head(axes, pair, spots, lines[spots[0][0]])
            for one, (line, column) in zip(pair.shown, spots, strict=True):
                _picture(axes, one, folder, left(column), lines[line].boxes)
        axes.text(GAP, lines[-1].heads + 0.05, rest, fontsize=9, va="top")
    return figure


def _head(axes: Axes, pair: Pair, spots: list[Place], line: Line) -> None:
    columns = width(spots)
    start = left(spots[0][1])
    end = start + left(columns) - 2 * GAP
    axes.plot([start, end], [line.heads, line.heads], color=PALE, lw=1)
    *names, count = heading(pair, columns)
    for place, name in enumerate(names):
        top = line.heads + 0.05 + place * ROW
        axes.text(start, top, name, va="top", color=INDIGO, fontsize=9, fontweight="bold")
    below = line.heads + 0.05 + len(names) * ROW
    axes.text(start, below, count, va="top", fontsize=9)


def _picture(axes: Axes, one: Mistake, folder: Path, left: float, top: float) -> None:
    bottom = draw(axes, folder / one.path, left, top)
    words = f"{one.probability:.0%}  {short_name(one.path)}"
    axes.text(left, bottom + 0.04, words, va="top", color=SOGA, fontsize=7)


def draw(axes: Axes, path: Path, left: float, top: float) -> float:
    """Draw a picture into its box, as large as fits; return its lower edge."""
    image = pictures.decode(path).image
    image.thumbnail((PIXELS, PIXELS))
    inches = min(WIDE / image.width, TALL / image.height)
    right, bottom = left + image.width * inches, top + image.height * inches
    axes.imshow(image, extent=(left, right, bottom, top), aspect="auto")
    return bottom


def short_name(path: str) -> str:
    """Return the name of a file, the middle of a long one left out."""
    name = Path(path).name
    return name if len(name) <= 20 else f"{name[:10]}…{name[-9:]}"


def _count(pairs: list[Pair]) -> int:
    return sum(pair.mistakes for pair in pairs)


def _rest(hidden: list[Pair]) -> str:
    if not hidden:
        return ""
    named = [f"{pair.label} → {pair.predicted} {pair.mistakes}" for pair in hidden[:LISTED]]
    more = f" and {len(hidden) - LISTED} pairs more" if len(hidden) > LISTED else ""
    return fill(f"Without a picture here: {', '.join(named)}{more}", 150)
