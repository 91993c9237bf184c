"""Costs of the backbones of a run, as the features stage measured them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from canting.config.columns import SCENARIO
from canting.config.sections import Evaluate, SelectBest
from canting.config.tables import SIZES, TRUNK
from canting.core.errors import CantingError
from canting.evaluation.evaluate import elsewhere, tables
from canting.evaluation.evaluate.calibration import calibrations, reliability_table
from canting.evaluation.evaluate.trained import Trained
from canting.evaluation.statistics import effects
from canting.evaluation.statistics.comparison import compare


def with_costs(ranking: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Add to each scenario the cost of its whole backbone; raise `CantingError` without it."""
    costs = _read(path)
    table = ranking.merge(costs[TRUNK + SIZES], on=TRUNK, how="left", validate="many_to_one")
    lost = table.loc[table["parameters"].isna(), "backbone"]
    if len(lost):
        raise CantingError(
            f"`{path}`: expected a row for each backbone of the run. Received: none for "
            f"{lost.iloc[0]!r}. Run `dvc repro --force features`."
        )
    return table


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise CantingError(f"There is no `{path}`. Run `dvc repro features` first.")
    costs = pd.read_csv(path, dtype=dict.fromkeys(TRUNK, str))
    return costs.fillna(dict.fromkeys(TRUNK, ""))


class Evaluation(NamedTuple):
    """Tables of a grid; `reliability` is the leader's, the scenario with the best macro F1.

    Scores, comparison, effects and contrasts are of all draws of the folds, what shows each picture
    once of the first. `other` has scores on collections that nothing is trained on, no row where
    there are none.
    """

    trained: Trained
    ranking: pd.DataFrame
    folds: pd.DataFrame
    classes: pd.DataFrame
    calibration: pd.DataFrame
    reliability: pd.DataFrame
    comparison: pd.DataFrame
    effects: pd.DataFrame
    contrasts: pd.DataFrame
    other: pd.DataFrame

    @property
    def leader(self) -> str:
        """The scenario with the best macro F1."""
        return str(self.ranking.iloc[0][SCENARIO])

    def of(self, scenario: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return predictions and curves of a scenario."""
        predictions, curves = self.trained.predictions, self.trained.curves
        ours, our_curves = predictions[SCENARIO] == scenario, curves[SCENARIO] == scenario
        return predictions[ours], curves[our_curves]


def evaluate(
    trained: Trained,
    settings: Evaluate,
    selecting: SelectBest,
    costs: Path,
    collections: Sequence[str] = (),
    answers: pd.DataFrame | None = None,
) -> Evaluation:
    """Score and compare all scenarios; `costs` is the features stage's table of backbones.

    `collections` are those that the folds leave out, in their order, where each leaves one out;
    `answers` those to pictures of other collections, where there are such.
    """
    scenarios, predictions, metric = trained.scenarios, trained.predictions, selecting.column
    level: Any = {"confidence": settings.confidence, "alpha": selecting.alpha}
    found = tables.scenario_scores(scenarios, trained.draws, trained.curves, settings.confidence)
    ranking = with_costs(found, costs)
    folds = tables.fold_scores(trained.draws, collections)
    calibrated = calibrations(predictions, settings.calibration_bins)
    other = elsewhere.scored(
        pd.DataFrame() if answers is None else answers,
        calibrated.set_index(SCENARIO)["temperature"],
        settings.confidence,
        settings.calibration_bins,
    )
    leading = predictions[SCENARIO] == ranking.iloc[0][SCENARIO]
    return Evaluation(
        trained,
        elsewhere.joined(ranking, other),
        folds,
        tables.class_scores(predictions, ranking[SCENARIO]),
        calibrated.set_index(SCENARIO).loc[ranking[SCENARIO]].reset_index(),
        reliability_table(predictions[leading], settings.calibration_bins),
        compare(folds, metric, **level),
        effects.effects(scenarios, folds, metric, settings.confidence),
        effects.contrasts(scenarios, folds, metric, **level),
        other,
    )
