"""Style of all figures, and writing them with the same bytes each time."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from canting.core import files

INK, PAPER, INDIGO, SOGA = "#2b211a", "#fffdf9", "#27408b", "#8a4b1f"
"""Colours of the project: dark brown, natural cotton, indigo and soga dye."""

PALE = "#cfc4b6"
"""For guides that stand behind what is shown."""

LOOK: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.facecolor": PAPER,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "figure.facecolor": PAPER,
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
}


def look() -> AbstractContextManager[None]:
    """Return a context in which figures have the project's look."""
    return rc_context(LOOK)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, without dates, at 130 dots an inch."""
    FigureCanvasAgg(figure)
    with files.replacing(path) as aside:
        figure.savefig(aside, format="png", dpi=130, metadata={"Software": None})
