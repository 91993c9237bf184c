"""The tables of the evaluate stage as files."""

from pathlib import Path

import pandas as pd

from canting.core import files
from canting.evaluate import tables
from canting.evaluate.evaluation import Evaluation
from canting.evaluate.paper_table import paper_table


def write_tables(found: Evaluation, confidence: float, folder: Path) -> None:
    """Write every table of an evaluation below `folder`."""
    failed = found.trained.failed
    predictions, curves = found.of(found.leader)
    files.write_json(folder / "metrics.json", tables.metrics(found.ranking, len(failed)))
    files.write_json(folder / "scenarios.json", _by_scenario(found.ranking))
    files.write_text(folder / "scenarios.md", paper_table(found.ranking, failed, confidence))
    named = {
        "scenarios": found.ranking,
        "folds": found.folds,
        "classes": found.classes,
        "calibration": found.calibration,
        "reliability": found.reliability,
        "confusion": predictions[["label", "predicted"]],
        "curves": tables.mean_curves(curves),
        "comparison/comparison": found.comparison,
        "comparison/effects": found.effects,
        "comparison/contrasts": found.contrasts,
    }
    for name, table in named.items():
        files.write_text(folder / f"{name}.csv", table.to_csv(index=False))


def _by_scenario(ranking: pd.DataFrame) -> dict[str, dict[str, float]]:
    rows = ranking[["scenario", "macro_f1"]].to_dict("records")
    return {str(row["scenario"]): {"macro_f1": float(row["macro_f1"])} for row in rows}
