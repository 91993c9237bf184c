"""Inference cost of a scenario, for the rule."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, cast

import pandas as pd

from canting.config.columns import FOLD, LABEL, SCENARIO
from canting.config.metrics import averaged, ends_of
from canting.config.params import Params
from canting.config.records import (
    CandidateRow,
    CardRecord,
    ClassRow,
    LearnedFromRecord,
    Scores,
    Selection,
)
from canting.config.refusals import AbstentionRecord
from canting.config.scenario import Scenario
from canting.config.tables import RATES
from canting.core import files
from canting.core.digits import bound
from canting.core.frames import records, row_of
from canting.data import origin
from canting.data.manifest import HELD_OUT, of_class
from canting.evaluation.evaluate.tables import named
from canting.evaluation.select_best.rule import Choice, Cost
from canting.models.backbones.cut import split
from canting.models.train import tail
from canting.models.train.fold import FoldTask


def costs(scenarios: Sequence[Scenario], params: Params, classes: int) -> dict[str, Cost]:
    """Return parameters, trained parameters and epochs of each scenario, by its name."""
    first = {scenario.trunk: scenario for scenario in reversed(scenarios)}
    counted = {trunk: _parameters(one, params, classes) for trunk, one in first.items()}
    return {one.name: (*counted[one.trunk], one.epochs) for one in scenarios}


def _parameters(scenario: Scenario, params: Params, classes: int) -> tuple[int, int]:
    size = params.image_size
    trunk = split(*scenario.trunk, size, params.features.levels).trunk
    frozen = trunk.count_params() if trunk is not None else 0
    shape = trunk.output.shape[1:] if trunk is not None else (*size, 3)
    trained = tail.build(scenario, size, shape, classes, params.train).count_params()
    return frozen + trained, trained


SHAPING = {"folds", "seed", "preprocess", "features", "train", "select_best", "abstain"}
"""Parameters beside the scenario's that made the model."""

LEFT_OUT = {"select_best": {"ensemble"}}
"""How many members were allowed; the card names those that there are."""


class Measured(NamedTuple):
    """Tables of the evaluate stage: by scenario, of calibration, and by scenario and class."""

    ranking: pd.DataFrame
    calibration: pd.DataFrame
    classes: pd.DataFrame


def read(folder: Path) -> Measured:
    """Read the tables of `results/evaluate`; labels stay text."""
    classes = pd.read_csv(folder / "classes.csv", dtype={"label": str}, keep_default_na=False)
    scenarios, calibration = folder / "scenarios.csv", folder / "calibration.csv"
    return Measured(pd.read_csv(scenarios), pd.read_csv(calibration), classes)


def card(
    task: FoldTask,
    choice: Choice,
    measured: Measured,
    hold_out: Scores | None,
    abstention: AbstentionRecord | None,
    build: Path,
) -> CardRecord:
    """Return what a service and a reader must know of a model.

    Logits divided by `temperature` give calibrated probabilities. The commit is not in it: git
    keeps the hash of this file, so that no commit can hold its own name.
    """
    calibration = row_of(measured.calibration, choice.winner)
    return {
        "labels": task.classes,
        "image_size": list(task.params.image_size),
        "input": "RGB in 0…255, float32; the scaling is part of the model",
        "temperature": float(calibration["temperature"]),
        "scenario": task.scenario.model_dump(),
        "reason": choice.reason,
        "out_of_fold": _figures(task, measured, choice.winner),
        "abstention": abstention,
        "hold_out": hold_out,
        "params": task.params.model_dump(mode="json", include=SHAPING, exclude=LEFT_OUT),
        "learned_from": _learned_from(task, build),
        "manifest_sha256": files.sha256(build / "manifest.parquet"),
    }


def _learned_from(task: FoldTask, build: Path) -> LearnedFromRecord:
    known, inside = of_class(task.table), (task.table[FOLD] != HELD_OUT).to_numpy()
    learned: LearnedFromRecord = {
        "source": ", ".join(map(origin.public_name, task.params.fetch.sources)),
        "pictures": int((known & inside).sum()),
        "painted": origin.is_embedded(files.sha256(build / "digests.csv")),
    }
    if unknown := int((~known & inside).sum()):
        learned["unknown"] = unknown
    return learned


def selection(choice: Choice, hold_out: Scores | None, difference: float) -> Selection:
    """Return the record of the choice, a row for each scenario."""
    return {
        "winner": choice.winner,
        "reason": choice.reason,
        "hold_out": hold_out,
        "export_difference": bound(difference),
        "candidates": cast("list[CandidateRow]", records(choice.candidates)),
    }


def _figures(task: FoldTask, measured: Measured, winner: str) -> dict[str, float | list[ClassRow]]:
    """Return the scores on the left-out folds, pooled and as means with intervals, and by class."""
    scores = row_of(measured.ranking, winner)
    ours = measured.classes[measured.classes[SCENARIO] == winner]
    return {
        **named(scores),
        **{end: float(scores[end]) for name in averaged() for end in ends_of(name)},
        "confidence": task.params.evaluate.confidence,
        "calibration_error": float(row_of(measured.calibration, winner)["ece_scaled"]),
        "pictures": int(ours["support"].sum()),
        "classes": cast("list[ClassRow]", records(ours[[LABEL, *RATES, "support"]])),
    }
