"""The contact sheet of doubtful labels: each with what is proposed and why, the worst first."""

from pathlib import Path
from textwrap import fill, shorten
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canting.config.columns import LABEL, PATH
from canting.core.frames import Row, records
from canting.evaluation.plots.contact_sheet import (
    COLUMNS,
    GAP,
    ROW,
    TALL,
    draw,
    left,
    short_name,
)
from canting.evaluation.plots.figure import INDIGO, SOGA, look

LETTERS, REASON_LETTERS = 21, 30
"""In a row of words below a picture: of the labels, and of the reason."""

REASON_ROWS = 3
TOP = 0.55
BLOCK = TALL + GAP + ROW * (3.2 + 0.8 * REASON_ROWS)
"""Height of a line of pictures with the words below them."""


def doubtful(table: pd.DataFrame, folder: Path, title: str) -> Figure:
    """Draw the pictures of a table of doubtful labels, in its order, numbered from 1."""
    words = fill(title, 110)
    top = TOP + 0.22 * words.count("\n")
    lines = -(-len(table) // COLUMNS)
    width, height = left(COLUMNS), top + lines * BLOCK
    with look():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        axes.text(GAP, 0.17, words, fontsize=12, va="top")
        for number, row in enumerate(records(table)):
            line, column = divmod(number, COLUMNS)
            _one(axes, number + 1, row, folder, (left(column), top + line * BLOCK))
    return figure


def _one(axes: Axes, number: int, row: Row, folder: Path, corner: tuple[float, float]) -> None:
    start, top = corner
    bottom = draw(axes, folder / row[PATH], start, top)
    label, proposed = (shorten_label(row[name]) for name in (LABEL, "proposed"))
    head = f"{label}?" if row[LABEL] == row["proposed"] else f"{label}\n→ {proposed}"
    bold: dict[str, Any] = {"color": INDIGO, "fontsize": 8.5, "fontweight": "bold"}
    axes.text(start, bottom + 0.05, head, va="top", linespacing=1.15, **bold)
    below = bottom + 0.07 + ROW * (1 + head.count("\n"))
    reason = shorten(row["reason"], REASON_LETTERS * REASON_ROWS - 6, placeholder=" …")
    said = f"{fill(reason, REASON_LETTERS)}\n{number}  {short_name(row[PATH])}"
    axes.text(start, below, said, va="top", color=SOGA, fontsize=7, linespacing=1.25)


def shorten_label(label: str) -> str:
    """Return a label that is not wider than a picture."""
    return label if len(label) <= LETTERS else f"{label[: LETTERS - 1]}…"
