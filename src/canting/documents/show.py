"""A short summary of the last run's results."""

from pathlib import Path

import pandas as pd

from canting.config.columns import SCENARIO
from canting.config.exports import FLOAT32, ExportMetrics
from canting.config.metrics import METRICS, USUAL, label, mean_of, std_of
from canting.config.records import (
    CorruptionMetrics,
    ElsewhereMetrics,
    EvaluateMetrics,
    Leakage,
    ReviewMetrics,
    Selection,
)
from canting.config.stage import BUILD, RESULTS
from canting.config.tables import COLLECTION, STABILITY
from canting.core.errors import CantingError
from canting.core.frames import records
from canting.documents import read


def show() -> str:
    """Return scores, mistakes, leakage, costs, the winner, and where to look next."""
    if not (RESULTS / "select_best" / "selection.json").exists():
        raise CantingError("There are no results here yet. Run `make repro`.")
    scores = read.record(RESULTS / "evaluate" / "metrics.json", EvaluateMetrics)
    classes = read.table(RESULTS / "evaluate" / "classes.csv")
    ours = classes[classes[SCENARIO] == scores[SCENARIO]].drop(columns=SCENARIO)
    folds = read.table(RESULTS / "evaluate" / "folds.csv")
    folds = folds[folds[SCENARIO] == scores[SCENARIO]]
    leak = read.record(RESULTS / "preprocess" / "leakage.json", Leakage)
    selection = read.record(RESULTS / "select_best" / "selection.json", Selection)
    lines = [
        "",
        ours.to_string(index=False, float_format="{:.4f}".format),
        "",
        *_scores(scores, folds),
        "",
        f"leakage    {leak['leaked']} pictures; a split that ignores near-duplicates: "
        f"{leak['leaked_by_a_random_split']} of {leak['pictures']}",
        *_elsewhere(RESULTS / "select_best" / "elsewhere.json"),
        *_corrupted(RESULTS / "corruptions" / "metrics.json"),
        *_exported(RESULTS / "export" / "metrics.json"),
        *_doubtful(RESULTS / "review" / "metrics.json"),
        f"winner     {selection['reason']}",
        *_ensemble(selection),
        "",
        f"report     {BUILD / 'report' / 'index.html'}",
        f"cards      {BUILD / 'cards' / 'model_card.html'}, data_card.html",
        f"pictures   {BUILD / 'data_docs' / 'index.html'}",
        f"model      {BUILD / 'best' / 'model.tflite'}",
    ]
    return "\n".join(lines)


def _scores(scores: EvaluateMetrics, folds: pd.DataFrame) -> list[str]:
    """Return a line a metric: mean and standard deviation over the folds, and the pooled value.

    Where the folds were drawn more than once, the spread over the draws as well. Where each fold
    leaves a collection out, there is a line for each of these too.
    """
    width = max(len(row.label) for row in METRICS.values())
    apart = COLLECTION in folds
    lines = [f"{'':{width}}  mean over {'collections' if apart else 'folds'}    pooled"]
    for name, row in METRICS.items():
        mean, std = (scores.get(column) for column in (mean_of(name), std_of(name)))
        spread = "–" if mean is None else f"{mean:.4f} ± {std:.4f}"
        lines.append(f"{row.label:{width}}  {spread:<{21 if apart else 15}}    {scores[name]:.4f}")
    if STABILITY in scores:
        words = "standard deviation of the pooled macro F1 over the draws of the folds"
        lines.append(f"{STABILITY:{width}}  {scores[STABILITY]:.4f}, {words}")
    told = records(folds.sort_values(COLLECTION)) if apart else []
    return lines + [
        f"{label(USUAL)} {row[USUAL]:.4f} on {row[COLLECTION]}, {row['pictures']} pictures"
        for row in told
    ]


def _exported(path: Path) -> list[str]:
    """Return a line for each format that was compared with float32."""
    every = read.record(path, ExportMetrics).get("formats", {})
    return [
        f"{name:11} {row['bytes'] / 1e6:.1f} MB, {label(USUAL)} {row[USUAL]:.4f}, "
        f"{row['agreement']:.2%} of the labels as by float32"
        for name, row in every.items()
        if name != FLOAT32
    ]


def _ensemble(selection: Selection) -> list[str]:
    told = selection.get("ensemble")
    return [f"ensemble   {told['reason']}"] if told and not told["taken"] else []


def _elsewhere(path: Path) -> list[str]:
    if not path.exists():
        return []
    told, lines = read.record(path, ElsewhereMetrics), []
    if "accuracy" in told:
        lines.append(
            f"elsewhere  {told['macro_f1']:.4f} macro F1, {told['accuracy']:.4f} accuracy on "
            f"{told['pictures']} pictures of other collections; {told['refused']:.1%} refused, "
            f"calibration error {told['ece']:.4f}"
        )
    if "unknown_refused" in told:
        refused = f"{told['unknown_refused']:.1%} refused"
        lines.append(f"unknown    {refused} of {told['unknown']} pictures of no class")
    return lines


def _corrupted(path: Path) -> list[str]:
    if not path.exists():
        return []
    told = read.record(path, CorruptionMetrics)
    return [
        f"corrupted  {told['corrupted_accuracy']:.4f} accuracy on changed pictures, "
        f"{told['accuracy']:.4f} unchanged; worst: {told['worst']}, {told['worst_accuracy']:.4f}"
    ]


def _doubtful(path: Path) -> list[str]:
    if not path.exists():
        return []
    told = read.record(path, ReviewMetrics)
    more = "; `canting review` shows them" if told["doubtful"] else ""
    return [f"labels     {told['doubtful']} of {told['pictures']} look wrong{more}"]
