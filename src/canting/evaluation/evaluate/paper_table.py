"""The table of scenarios as a paper prints it, in Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from canting.evaluation.statistics import factors

ALWAYS = ("backbone", "optimizer", "dropout")
"""Factors with a column even where they do not vary."""

PRINTED = ("macro_precision", "macro_recall", "macro_f1", "accuracy", "loss")
COUNTED = ("parameters", "multiply_adds", "model_bytes")


def paper_table(ranking: pd.DataFrame, failed: pd.DataFrame, confidence: float) -> str:
    """Return the table, the best macro F1 first, then what failed with its cause."""
    varying = factors.levels(ranking)
    keys = [key for key in factors.FACTORS if key in ALWAYS or key in varying]
    heads = [*keys, *PRINTED, "epochs_to_best", *COUNTED]
    rows = [_row(row, keys) for row in ranking.to_dict("records")]
    note = (
        f"Precision, recall and F1 are means over the classes. [low, high]: {100 * confidence:g} % "
        f"interval. Parameters, multiply-adds and bytes are the backbone's, for one picture.\n"
    )
    return (
        f"{markdown([_words(head) for head in heads], rows, len(keys))}\n{note}{_failures(failed)}"
    )


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int) -> str:
    """Return a Markdown table whose first `texts` columns are text, and the others numbers."""
    rule = ["---"] * texts + ["---:"] * (len(heads) - texts)
    lines = [heads, rule, *([_escaped(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _row(row: dict[Any, Any], keys: Sequence[str]) -> list[str]:
    return [
        *(factors.level(row[key]) for key in keys),
        *(f"{row[key]:.4f} [{row[f'{key}_low']:.3f}, {row[f'{key}_high']:.3f}]" for key in PRINTED),
        f"{row['epochs_to_best']:.1f}",
        *(f"{row[key]:,}" for key in COUNTED),
    ]


def _words(head: str) -> str:
    name = head.removeprefix("macro_").replace("multiply_adds", "multiply-adds").replace("_", " ")
    return "F1" if name == "f1" else name


def _failures(failed: pd.DataFrame) -> str:
    if failed.empty:
        return ""
    rows = [(row["scenario"], row["failure"]) for row in failed.to_dict("records")]
    return f"\nFailed, and counted in no other table:\n\n{markdown(['scenario', 'cause'], rows, 2)}"


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
