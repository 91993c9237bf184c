"""Record of a run for comparison: the chosen scenario, its scores, its folds, its cost."""

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import Any

from canting.config.columns import FOLD, SCENARIO
from canting.config.metrics import METRICS, USUAL, averaged, column
from canting.config.scenario import AND
from canting.config.tables import ELSEWHERE, REPEAT, SIZES, STABILITY
from canting.runs.compare.source import SECONDS, RunSource, damaged, locked_digests, mapping
from canting.runs.study.changes import flat

COSTS = (*SIZES, "epochs_to_best")
"""Columns of the table of scenarios that tell what a model costs."""

SCENARIOS, FOLDS = "results/evaluate/scenarios.csv", "results/evaluate/folds.csv"
SELECTION = "results/select_best/selection.json"
NEEDED = (SCENARIOS, FOLDS, SELECTION)


@dataclass(frozen=True)
class RunRecord:
    """The chosen scenario of a run.

    `scores` are pooled, `folds` those of each fold of each draw, in the order of `numbers`, which
    begin anew with a draw: of the metrics that the run has, which in an older one are fewer;
    `metric` is always among them;
    `fold_table` and `data` are digests (MD5, as DVC notes them) of which picture is in which fold
    and of all pictures, none where nobody knows; `params` has a key a value, `costs` what is known;
    `elsewhere` has the scores on other collections, where some were asked about; `stability` is the
    spread of the pooled macro F1 over the draws, none where there is one.
    """

    name: str
    commit: str | None
    scenario: str
    metric: str
    alpha: float
    confidence: float
    scores: dict[str, float]
    numbers: tuple[int, ...]
    folds: dict[str, tuple[float, ...]]
    fold_table: str | None
    data: str | None
    params: dict[str, object]
    costs: dict[str, float]
    elsewhere: dict[str, float]
    stability: float | None = None

    @property
    def drawn(self) -> int:
        """Folds of one draw."""
        return len(set(self.numbers))

    @property
    def draws(self) -> int:
        """How often the folds were drawn."""
        return len(self.numbers) // self.drawn

    @property
    def blocks(self) -> str:
        """What means are over: folds, or collections where each was left out."""
        apart = self.params.get("preprocess.split") == "collections"
        return "collections" if apart else "folds"


def read(source: RunSource) -> RunRecord | None:
    """Return the record of a run, or none where it has no results.

    Raises `CantingError` where a file holds something else than a run leaves there.
    """
    if any(source.read(path) is None for path in NEEDED):
        return None
    selection = _selection(source)
    scenario = str(selection["winner"])
    if AND in scenario:
        row, parts = _of_ensemble(source, selection)
    else:
        row, parts = _rows(source, SCENARIOS, scenario)[0], _rows(source, FOLDS, scenario)
    try:
        return _record(source, scenario, row, sorted(parts, key=_place))
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(source, f"{SCENARIOS}` or `{FOLDS}", error) from None


def _record(
    source: RunSource, scenario: str, row: dict[str, Any], parts: list[dict[str, Any]]
) -> RunRecord:
    params = flat(mapping(source, "params.yaml"))
    digests = locked_digests(source)
    metric = column(str(params.get("select_best.metric")))
    metric = metric if metric in averaged() else USUAL
    return RunRecord(
        source.name,
        source.commit,
        scenario,
        metric,
        _share(params.get("select_best.alpha"), 0.05),
        _share(params.get("evaluate.confidence"), 0.95),
        {name: _number(row[name]) for name in METRICS if name in row or name == metric},
        tuple(int(part[FOLD]) for part in parts),
        {
            name: tuple(_number(part[name]) for part in parts)
            for name in averaged()
            if name in parts[0] or name == metric
        },
        digests.get("build/folds.csv"),
        digests.get("build/digests.csv"),
        params,
        {**_costs(row), **_seconds(source)},
        {name: _number(row[name]) for name in ELSEWHERE if row.get(name)},
        None if row.get(STABILITY, "") == "" else _number(row[STABILITY]),
    )


def _place(part: dict[str, Any]) -> tuple[int, int]:
    return int(part.get(REPEAT, 1)), int(part[FOLD])


def _costs(row: dict[str, str]) -> dict[str, float]:
    return {name: _number(row[name]) for name in COSTS if row.get(name)}


def _seconds(source: RunSource) -> dict[str, float]:
    """Return the seconds of all trainings, where they were measured."""
    content = source.seconds()
    try:
        found = json.loads(content) if content else {}
        return {name: _number(found[name]) for name in ("train_seconds",) if name in found}
    except (TypeError, ValueError) as error:
        raise damaged(source, SECONDS, error) from None


def _rows(source: RunSource, path: str, scenario: str) -> list[dict[str, str]]:
    try:
        text = (source.read(path) or b"").decode("utf-8")
        rows = [row for row in csv.DictReader(io.StringIO(text)) if row[SCENARIO] == scenario]
    except (KeyError, ValueError, csv.Error) as error:
        raise damaged(source, path, error) from None
    if not rows:
        raise damaged(source, path, ValueError(f"no row of the winner {scenario!r}"))
    return rows


def _selection(source: RunSource) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(source.read(SELECTION) or b"")
        return {**content, "winner": content["winner"]}
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise damaged(source, SELECTION, error) from None


def _of_ensemble(
    source: RunSource, selection: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the scores of an ensemble that won, and those of each fold."""
    try:
        told = selection["ensemble"]
        return dict(told["scores"]), [dict(part) for part in told["folds"]]
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(source, SELECTION, error) from None


def _number(text: Any) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def _share(value: Any, usual: float) -> float:
    return value if isinstance(value, float) and 0 < value < 1 else usual
