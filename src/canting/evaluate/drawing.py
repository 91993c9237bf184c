"""The pictures of the evaluate stage as files."""

import shutil
from pathlib import Path

from canting.evaluate import scores, tables
from canting.evaluate.evaluation import Evaluation
from canting.plots.confusion import confusion
from canting.plots.contact_sheet import misclassified
from canting.plots.curves import learning_curves
from canting.plots.effects import effects
from canting.plots.figure import save
from canting.plots.ranking import ranking
from canting.plots.reliability import reliability
from canting.statistics import factors


def draw_leader(found: Evaluation, raw: Path, most: int, folder: Path) -> None:
    """Draw the leader's curves, calibration, and up to `most` mistakes."""
    predictions, curves = found.of(found.leader)
    title = factors.full_names(found.ranking)[found.leader]
    row = found.calibration.iloc[0]
    save(learning_curves(curves, title), folder / "learning_curves.png")
    save(reliability(found.reliability, row, title), folder / "reliability.png")
    save(misclassified(predictions, raw, most, title), folder / "misclassified.png")


def draw_comparison(found: Evaluation, metric: str, confidence: float, folder: Path) -> None:
    """Draw the ranking where there is more than one scenario, effects where a factor varies."""
    if len(found.ranking) > 1:
        names = factors.short_names(found.ranking)
        save(ranking(found.comparison, names, metric, confidence), folder / "ranking.png")
    if len(found.effects):
        save(effects(found.effects, metric, confidence), folder / "effects.png")


def draw_confusions(found: Evaluation, folder: Path, leader: Path) -> None:
    """Draw the confusion matrix of every scenario, and copy the leading one's to `leader`."""
    for scenario, title in factors.full_names(found.ranking).items():
        predictions, _ = found.of(scenario)
        counts, labels = tables.confusion(predictions), scores.labels_of(predictions)
        save(confusion(counts, labels, title), folder / f"{scenario}.png")
    shutil.copyfile(folder / f"{found.leader}.png", leader)
