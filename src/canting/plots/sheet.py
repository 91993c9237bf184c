"""Where the pictures and headings of a contact sheet are, in inches."""

from collections.abc import Sequence
from textwrap import fill
from typing import NamedTuple

from canting.plots.mistakes import Pair

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


def lines(pairs: Sequence[Pair], places: Sequence[list[Place]], top: float) -> list[Line]:
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
