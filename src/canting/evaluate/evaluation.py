"""All that is found out about a grid, before any of it is written."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from canting.config.sections import Evaluate, SelectBest
from canting.evaluate import backbones, calibration_tables, tables
from canting.evaluate.trained import Trained
from canting.statistics import effects
from canting.statistics.comparison import compare


class Evaluation(NamedTuple):
    """Tables of a grid; `reliability` is the leader's, the scenario with the best macro F1."""

    trained: Trained
    ranking: pd.DataFrame
    folds: pd.DataFrame
    classes: pd.DataFrame
    calibration: pd.DataFrame
    reliability: pd.DataFrame
    comparison: pd.DataFrame
    effects: pd.DataFrame
    contrasts: pd.DataFrame

    @property
    def leader(self) -> str:
        """The scenario with the best macro F1."""
        return str(self.ranking.iloc[0]["scenario"])

    def of(self, scenario: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return predictions and curves of a scenario."""
        predictions, curves = self.trained.predictions, self.trained.curves
        ours, our_curves = predictions["scenario"] == scenario, curves["scenario"] == scenario
        return predictions[ours], curves[our_curves]


def evaluate(
    trained: Trained, settings: Evaluate, selecting: SelectBest, costs: Path
) -> Evaluation:
    """Score and compare all scenarios; `costs` is the features stage's table of backbones."""
    scenarios, predictions, metric = trained.scenarios, trained.predictions, selecting.metric
    level: Any = {"confidence": settings.confidence, "alpha": selecting.alpha}
    found = tables.scenario_scores(scenarios, predictions, trained.curves, settings.confidence)
    ranking, folds = backbones.with_costs(found, costs), tables.fold_scores(predictions)
    calibrated = calibration_tables.calibrations(predictions, settings.calibration_bins)
    leading = predictions["scenario"] == ranking.iloc[0]["scenario"]
    return Evaluation(
        trained,
        ranking,
        folds,
        tables.class_scores(predictions, ranking["scenario"]),
        calibrated.set_index("scenario").loc[ranking["scenario"]].reset_index(),
        calibration_tables.reliability(predictions[leading], settings.calibration_bins),
        compare(folds, metric, **level),
        effects.effects(scenarios, folds, metric, settings.confidence),
        effects.contrasts(scenarios, folds, metric, **level),
    )
