"""The table of scenarios as a paper prints it, in Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from canting.config.columns import SCENARIO
from canting.config.metrics import METRICS, averaged, directions, ends_of, label, mean_of
from canting.config.tables import SIZES, STABILITY
from canting.core.frames import records
from canting.evaluation.statistics import factors

ALWAYS = ("backbone", "optimizer", "dropout")
"""Factors with a column even where they do not vary."""


def paper_table(
    ranking: pd.DataFrame, failed: pd.DataFrame, confidence: float, blocks: str = "folds"
) -> str:
    """Return means over the folds, pooled scores, the best macro F1 first, and what failed."""
    varying = factors.levels(ranking)
    keys = [key for key in factors.FACTORS if key in ALWAYS or key in varying]
    rows = records(ranking)
    ends = ["epochs_to_best", *SIZES]
    means = [[*_keys(row, keys), *_means(row), *_costs(row)] for row in rows]
    names = [*METRICS, *([STABILITY] if STABILITY in ranking else [])]
    pooled = [[*_keys(row, keys), *(f"{row[name]:.4f}" for name in names)] for row in rows]
    return (
        f"Mean over the {blocks} [low, high], the {100 * confidence:g} % interval of the mean:\n\n"
        f"{_table([*keys, *averaged(), *ends], means, len(keys))}\n"
        f"Pooled, from the predictions of all {blocks} together:\n\n"
        f"{_table([*keys, *names], pooled, len(keys))}\n"
        f"{_elsewhere(rows, keys)}"
        f"{_drawn(names)}{directions()} Macro precision, recall and F1 are means over the classes. "
        "Parameters, multiply-adds and bytes are the backbone's, for one picture.\n"
        f"{_failures(failed)}"
    )


def _drawn(names: Sequence[str]) -> str:
    """Say what the draws of the folds are to the scores, where there are several."""
    if STABILITY not in names:
        return ""
    return (
        "Pooled scores are means over the draws of the folds; stability is the standard deviation "
        "of the pooled macro F1 over them. "
    )


def _elsewhere(rows: Sequence[dict[Any, Any]], keys: Sequence[str]) -> str:
    """Return scores on collections that nothing was trained on, where there are such."""
    if "other_gap" not in rows[0]:
        return ""
    heads = [*keys, "macro F1", "accuracy", "calibration error", "macro F1 lost"]
    scored = ("other_macro_f1", "other_accuracy")
    cells = [
        [*_keys(row, keys), *(_bounded(row, one, f"{one}_low", f"{one}_high") for one in scored),
         f"{row['other_ece']:.4f}", f"{row['other_gap']:.4f}"]
        for row in rows
    ]  # fmt: skip
    count = f"{int(rows[0]['other_pictures']):,} pictures of other collections"
    return f"On {count}, which nothing was trained on:\n\n{_table(heads, cells, len(keys))}\n"


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int) -> str:
    """Return a Markdown table whose first `texts` columns are text, and the others numbers."""
    rule = ["---"] * texts + ["---:"] * (len(heads) - texts)
    lines = [heads, rule, *([_escaped(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], texts: int) -> str:
    return markdown([_words(head) for head in heads], rows, texts)


def _keys(row: dict[Any, Any], keys: Sequence[str]) -> list[str]:
    return [factors.level(row[key]) for key in keys]


def _means(row: dict[Any, Any]) -> list[str]:
    return [_bounded(row, mean_of(name), *ends_of(name)) for name in averaged()]


def _bounded(row: dict[Any, Any], name: str, low: str, high: str) -> str:
    return f"{row[name]:.4f} [{row[low]:.3f}, {row[high]:.3f}]"


def _costs(row: dict[Any, Any]) -> list[str]:
    return [f"{row['epochs_to_best']:.1f}", *(f"{row[key]:,}" for key in SIZES)]


def _words(head: str) -> str:
    return label(head).replace("multiply adds", "multiply-adds")


def _failures(failed: pd.DataFrame) -> str:
    if failed.empty:
        return ""
    rows = [(row[SCENARIO], row["failure"]) for row in records(failed)]
    return f"\nFailed, and counted in no other table:\n\n{markdown(['scenario', 'cause'], rows, 2)}"


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
