"""The card of a bundle, and the record of the choice."""

from pathlib import Path
from typing import Any

import pandas as pd

from canting.core import files
from canting.core.revision import revision
from canting.select_best.rule import Choice
from canting.train.fold import Task

SHAPING = {"folds", "seed", "preprocess", "features", "train", "select_best"}
"""Parameters beside the scenario's that made the model."""

SCORES = ("accuracy", "macro_precision", "macro_recall", "macro_f1", "loss", "macro_f1_std")


def card(
    task: Task,
    choice: Choice,
    ranking: pd.DataFrame,
    calibration: pd.DataFrame,
    hold_out: dict[str, Any] | None,
    build: Path,
) -> dict[str, Any]:
    """Return what a service and a reader must know of a model.

    Logits divided by `temperature` give calibrated probabilities.
    """
    return {
        "labels": task.classes,
        "image_size": list(task.params.image_size),
        "input": "RGB in 0…255, float32; the scaling is part of the model",
        "temperature": _scores(calibration, choice.winner, ("temperature",))["temperature"],
        "scenario": task.scenario.model_dump(),
        "reason": choice.reason,
        "out_of_fold": _scores(ranking, choice.winner, SCORES),
        "hold_out": hold_out,
        "params": task.params.model_dump(mode="json", include=SHAPING),
        "manifest_sha256": files.sha256(build / "manifest.parquet"),
        "git_revision": revision(),
    }


def selection(choice: Choice, hold_out: dict[str, Any] | None, difference: float) -> dict[str, Any]:
    """Return the record of the choice, a row for each scenario."""
    return {
        "winner": choice.winner,
        "reason": choice.reason,
        "hold_out": hold_out,
        "export_difference": difference,
        "candidates": choice.candidates.to_dict("records"),
    }


def _scores(table: pd.DataFrame, scenario: str, names: tuple[str, ...]) -> dict[str, float]:
    row = table.set_index("scenario").loc[scenario]
    return {name: float(row[name]) for name in names}
