"""A comparison as text for a terminal, as Markdown for a pull request, as JSON for programs."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from canting.comparing.comparison import Comparison
from canting.comparing.words import change_table, cost_table, scenarios, score_table, verdict
from canting.documents import render

Table = list[list[str]]

NOTE = "Scores are of all folds together, differences are means over the folds."


def text(found: Comparison) -> str:
    """Return a comparison for a terminal."""
    return _joined(found, _plain, lambda line: render.plain(line), lambda line: line)


def markdown(found: Comparison) -> str:
    """Return a comparison as Markdown; nothing in it is taken for markup of its own."""
    return _joined(
        found, _marked, lambda line: render.escape_markdown((line,)), lambda line: f"**{line}**"
    )


def as_json(found: Comparison) -> dict[str, Any]:
    """Return all figures of a comparison, with the verdict in words."""
    return {
        "verdict": verdict(found),
        "comparable": bool(found.base) and not found.obstacle,
        "distinguishable": found.distinguishable,
        "better": found.better,
        "metric": found.new.metric,
        **asdict(found),
    }


def _joined(
    found: Comparison,
    table: Callable[[Table], str],
    line: Callable[[str], str],
    strong: Callable[[str], str],
) -> str:
    parts = [strong(line(verdict(found))), table([["run", "scenario"], *scenarios(found)])]
    parts += [table(score_table(found)), line(NOTE)]
    if found.base is not None:
        changed = found.changes
        parts += [table(change_table(found)) if changed else line("No parameter differs.")]
    return "\n\n".join([*parts, table(cost_table(found))]) + "\n"


def _plain(rows: Table) -> str:
    cells = [[render.plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def _marked(rows: Table) -> str:
    lines = [" | ".join(render.escape_markdown((cell,)) for cell in row) for row in rows]
    lines.insert(1, " | ".join("---" for _ in rows[0]))
    return "\n".join(f"| {line} |" for line in lines)
