"""A comparison as sentences and table cells."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from canting.config.metrics import directions, label
from canting.documents import render
from canting.documents.numbers import (
    DASH,
    count,
    decimal,
    interval,
    level,
    p_value,
    score,
    seconds,
    signed,
)
from canting.runs.compare.comparison import Change, Comparison, Score

NAMES = {
    "multiply_adds": "multiply-adds a picture",
    "model_bytes": "bytes of the model",
    "epochs_to_best": "epochs to best",
    "train_seconds": "seconds of training",
}
"""Costs, where a table says them otherwise than a column's name."""

LONGEST = 80
"""Characters of a parameter's value that a table shows."""


def verdict(found: Comparison) -> str:
    """Return in one sentence whether the second run is better."""
    name, new = label(found.new.metric), found.score
    if found.base is None:
        return f"no baseline: {found.name} has no results to compare with."
    if found.obstacle:
        return f"not comparable: {found.obstacle}. The figures stand side by side, without a test."
    tested = [one for one in found.scores if one.low is not None]
    if all(one.difference == 0 == one.low for one in tested):
        return "The scores are equal on every fold."
    if not found.distinguishable:
        return f"not distinguishable in {name}: {_tested(found, new)}."
    way = "better" if found.better else "worse"
    return f"{way} in {name}: {_tested(found, new)}."


def score_table(found: Comparison) -> list[list[str]]:
    """Return a row a score under a row of headings."""
    ends = f"{level(found.new.confidence)} interval"
    means = (f"{found.name}, mean", f"{found.new.name}, mean")
    pooled = (f"{found.name}, pooled", f"{found.new.name}, pooled")
    head = ["", *means, "difference", ends, "p", *pooled]
    return [head, *(_score(one) for one in found.scores)]


def change_table(found: Comparison) -> list[list[str]]:
    """Return a row a changed parameter under a row of headings."""
    head = ["parameter", found.name, found.new.name]
    return [head, *([one.key, shown(one.base), shown(one.new)] for one in found.changes)]


def cost_table(found: Comparison) -> list[list[str]]:
    """Return a row a cost under a row of headings."""
    head = ["cost", found.name, found.new.name]
    return [head, *(_cost(one) for one in found.costs)]


def elsewhere_table(found: Comparison) -> list[list[str]]:
    """Return a row a score on other collections under a row of headings."""
    head = ["other collections", found.name, found.new.name]
    return [head, *(_elsewhere(one) for one in found.elsewhere)]


def scenarios(found: Comparison) -> list[list[str]]:
    """Return name and chosen scenario of both runs."""
    runs = [record for record in (found.base, found.new) if record]
    return [[record.name, record.scenario] for record in runs]


def shown(value: Any) -> str:
    """Return a value as YAML says it, cut where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = DASH if value is None else text
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _tested(found: Comparison, new: Score) -> str:
    ends = interval(new.low or 0.0, new.high or 0.0, sign=True)
    return (
        f"{signed(new.difference or 0.0)} {ends}, p {p_value(new.p_value or 0.0)} "
        f"(corrected resampled t-test over {len(found.new.numbers)} {found.new.blocks}"
        f"{_drawn(found.new.draws)})"
    )


def _drawn(draws: int) -> str:
    return f" of {draws} draws" if draws > 1 else ""


def stability(found: Comparison) -> str:
    """Return in a sentence how far chance moves the score of each run; nothing for one draw."""
    runs = [record for record in (found.base, found.new) if record]
    if all(record.stability is None for record in runs):
        return ""
    told = [f"{one.name} {DASH if one.stability is None else score(one.stability)}" for one in runs]
    return (
        "Stability, the standard deviation of the pooled macro F1 over the draws of the folds: "
        f"{', '.join(told)}."
    )


def _score(one: Score) -> list[str]:
    means, pooled = (one.base_mean, one.new_mean), (one.base, one.new)
    return [label(one.name), *map(_told, means), *_difference(one), *map(_told, pooled)]


def _told(value: float | None) -> str:
    return DASH if value is None else score(value)


def _difference(one: Score) -> list[str]:
    if one.difference is None:
        return [DASH, DASH, DASH]
    if one.low is None or one.high is None or one.p_value is None:
        return [signed(one.difference), DASH, DASH]
    ends = interval(one.low, one.high, sign=True)
    return [signed(one.difference), ends, p_value(one.p_value)]


def _cost(one: Change) -> list[str]:
    words = {"train_seconds": seconds, "epochs_to_best": decimal}.get(one.key, count)
    values = (DASH if value is None else words(value) for value in (one.base, one.new))
    return [NAMES.get(one.key, one.key), *values]


def _elsewhere(one: Change) -> list[str]:
    name = one.key.removeprefix("other_")
    words = count if name in ("pictures", "groups") else score
    values = (DASH if value is None else words(value) for value in (one.base, one.new))
    return [{"gap": "macro F1 lost", "ece": "calibration error"}.get(name, label(name)), *values]


Table = list[list[str]]


def _note(found: Comparison) -> str:
    blocks = found.new.blocks
    return (
        f"Mean: over the {blocks}, as differences, intervals and p are. Pooled: of the predictions "
        f"of all {blocks} together."
    )


def text(found: Comparison) -> str:
    """Return a comparison for a terminal."""
    return _joined(found, _plain, lambda line: render.plain(line), lambda line: line)


def markdown(found: Comparison) -> str:
    """Return a comparison as Markdown; nothing in it is taken for markup of its own."""
    return _joined(
        found, _marked, lambda line: render.escape_markdown((line,)), lambda line: f"**{line}**"
    )


def as_json(found: Comparison) -> dict[str, object]:
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
    parts += [table(score_table(found)), line(f"{_note(found)} {directions()}")]
    parts += [line(told)] if (told := stability(found)) else []
    if found.elsewhere:
        parts += [table(elsewhere_table(found))]
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
