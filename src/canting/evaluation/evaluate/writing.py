"""Write the tables of the evaluate stage."""

import shutil
from pathlib import Path

import pandas as pd

from canting.config.columns import LABEL, PREDICTED, SCENARIO
from canting.core import files
from canting.core.digits import reproducible
from canting.evaluation.evaluate import tables
from canting.evaluation.evaluate.evaluation import Evaluation
from canting.evaluation.evaluate.paper_table import paper_table
from canting.evaluation.plots.confusion import confusion
from canting.evaluation.plots.contact_sheet import misclassified
from canting.evaluation.plots.curves import learning_curves, reliability
from canting.evaluation.plots.figure import save
from canting.evaluation.plots.ranking import effects, ranking
from canting.evaluation.statistics import factors
from canting.models import scores


def write_tables(found: Evaluation, confidence: float, folder: Path, blocks: str) -> None:
    """Write every table of an evaluation below `folder`; `blocks` is what means are over."""
    failed = found.trained.failed
    predictions, curves = found.of(found.leader)
    ranking = reproducible(found.ranking)
    files.write_json(folder / "metrics.json", tables.metrics(ranking, len(failed)))
    files.write_json(folder / "scenarios.json", _by_scenario(found.ranking))
    paper = paper_table(found.ranking, failed, confidence, blocks)
    files.write_text(folder / "scenarios.md", paper)
    named = {
        "scenarios": ranking,
        "folds": found.folds,
        "classes": found.classes,
        "calibration": found.calibration,
        "reliability": found.reliability,
        "confusion": predictions[[LABEL, PREDICTED]],
        "curves": tables.mean_curves(curves),
        "comparison/comparison": found.comparison,
        "comparison/effects": found.effects,
        "comparison/contrasts": found.contrasts,
        "other": found.other,
    }
    for name, table in named.items():
        files.write_text(folder / f"{name}.csv", reproducible(table).to_csv(index=False))


def _by_scenario(ranking: pd.DataFrame) -> dict[str, dict[str, float]]:
    return {str(row[SCENARIO]): tables.named(row) for _, row in ranking.iterrows()}


def draw_leader(found: Evaluation, raw: Path, most: int, folder: Path) -> None:
    """Draw the leader's curves, calibration, and up to `most` mistakes."""
    predictions, curves = found.of(found.leader)
    title = factors.full_names(found.ranking)[found.leader]
    row = found.calibration.iloc[0]
    save(learning_curves(curves, title), folder / "learning_curves.png")
    save(reliability(found.reliability, row, title), folder / "reliability.png")
    save(misclassified(predictions, raw, most, title), folder / "misclassified.png")


def draw_comparison(
    found: Evaluation, metric: str, confidence: float, folder: Path, blocks: str
) -> None:
    """Draw the ranking where there is more than one scenario, effects where a factor varies."""
    if len(found.ranking) > 1:
        names = factors.short_names(found.ranking)
        drawn = ranking(found.comparison, names, metric, confidence, blocks)
        save(drawn, folder / "ranking.png")
    if len(found.effects):
        save(effects(found.effects, metric, confidence), folder / "effects.png")


def draw_confusions(found: Evaluation, folder: Path, leader: Path) -> None:
    """Draw the confusion matrix of every scenario, and copy the leading one's to `leader`."""
    for scenario, title in factors.full_names(found.ranking).items():
        predictions, _ = found.of(scenario)
        counts, labels = tables.confusion(predictions), scores.labels_of(predictions)
        save(confusion(counts, labels, title), folder / f"{scenario}.png")
    shutil.copyfile(folder / f"{found.leader}.png", leader)
