"""The table of scenarios, with what each one cost."""

from typing import Any

import pandas as pd

from canting.documents.content import Span, Strong, Table
from canting.documents.numbers import count, decimal, interval, millions, score, seconds, size
from canting.documents.run import Run
from canting.evaluation.statistics.factors import level
from canting.models.features.store import slug

HEADINGS = {"fine_tune_from": "from", "learning_rate": "learning rate", "batch_size": "batch"}


def full(run: Run) -> pd.DataFrame:
    """Return the table of scores with measured costs: seconds, and milliseconds a picture.

    `train_seconds` is the sum over the folds; `feature_seconds` is what all views took on the
    frozen part of the network, which scenarios of one trunk share.
    """
    trained = run.train_costs.groupby("scenario")["seconds"].sum()
    trunks = [
        run.feature_costs.get(slug(backbone, layer or None), {})
        for backbone, layer in run.ranking[["backbone", "fine_tune_from"]].itertuples(index=False)
    ]
    return run.ranking.assign(
        train_seconds=run.ranking["scenario"].map(trained),
        feature_seconds=[float(trunk.get("seconds", "nan")) for trunk in trunks],
        milliseconds=[float(trunk.get("milliseconds", "nan")) for trunk in trunks],
    )


def scores(run: Run, caption: str) -> Table:
    """Return the scenarios with their scores, the best first."""
    return _table(run, caption, _SCORES)


def costs(run: Run, caption: str) -> Table:
    """Return the scenarios with their costs, in the same order."""
    return _table(run, caption, {"macro F1": lambda row: score(row["macro_f1"]), **_COSTS})


def everything(run: Run, caption: str) -> Table:
    """Return the scenarios with scores and costs."""
    return _table(run, caption, {**_SCORES, **_COSTS})


_SCORES = {
    "precision": lambda row: score(row["macro_precision"]),
    "recall": lambda row: score(row["macro_recall"]),
    "F1": lambda row: score(row["macro_f1"]),
    "interval of F1": lambda row: interval(row["macro_f1_low"], row["macro_f1_high"]),
    "accuracy": lambda row: score(row["accuracy"]),
    "interval of accuracy": lambda row: interval(row["accuracy_low"], row["accuracy_high"]),
    "loss": lambda row: score(row["loss"]),
    "epochs to best": lambda row: decimal(row["epochs_to_best"]),
}

_COSTS = {
    "training": lambda row: seconds(row["train_seconds"]),
    "features": lambda row: seconds(row["feature_seconds"]),
    "parameters": lambda row: count(row["parameters"]),
    "multiply-adds": lambda row: millions(row["multiply_adds"]),
    "model": lambda row: size(row["model_bytes"]),
    "ms a picture": lambda row: decimal(row["milliseconds"]),
}


def _table(run: Run, caption: str, cells: dict[str, Any]) -> Table:
    rows = [
        (*_keys(run, row), *(cell(row) for cell in cells.values()))
        for row in full(run).to_dict("records")
    ]
    headings = [HEADINGS.get(key, key) for key in run.keys]
    return Table(caption, (*headings, *cells), tuple(rows), words=len(headings))


def _keys(run: Run, row: dict[str, Any]) -> list[Span]:
    words = [level(row[key]) for key in run.keys]
    return [*map(Strong, words)] if row["scenario"] == run.winner else [*words]
