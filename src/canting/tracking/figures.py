"""The figures of a study as a whole: the winner's scores, data, changed pictures, costs."""

from pathlib import Path
from typing import Any

from canting.config.scenario import Scenario
from canting.core import files
from canting.documents import read
from canting.tracking.run import Point, joined, numbers

SECONDS = ("seconds", "train_seconds", "search_seconds")
"""What features, trainings and searches note of their time."""


def figures(folder: Path, winner: str) -> tuple[Point, ...]:
    """Return the winner's scores, and what was found out about data and changed pictures."""
    results, costs = folder / "results", folder / "build" / "costs"
    scored = read.table(results / "evaluate" / "scenarios.csv").set_index("scenario")
    calibrated = read.table(results / "evaluate" / "calibration.csv").set_index("scenario")
    ours = scored.drop(columns=list(Scenario.model_fields)).loc[winner].to_dict()
    parts = [numbers({**ours, **calibrated.loc[winner].to_dict(), "scenarios": len(scored)})]
    parts += [_record(results / "preprocess" / "leakage.json", "leakage/")]
    parts += [_record(results / "shift" / "metrics.json", "shift/")]
    parts += [
        _record(path, f"cost/{path.relative_to(costs).with_suffix('').as_posix()}/")
        for path in sorted(costs.rglob("*.json"))
    ]
    return joined(parts)


def seconds(folder: Path) -> float:
    """Return what features, trainings and searches took."""
    costs = (folder / "build" / "costs").glob("*.json")
    found = [pair for path in costs for pair in _below(files.read_json(path)).items()]
    return float(sum(value for key, value in found if key.rpartition(".")[2] in SECONDS))


def _record(path: Path, prefix: str) -> tuple[Point, ...]:
    return numbers(_below(files.read_json(path)), prefix) if path.is_file() else ()


def _below(content: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the numbers in mappings of mappings under joined names."""
    found: dict[str, float] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            found |= _below(value, f"{prefix}{key}.")
        elif isinstance(value, int | float):
            found[f"{prefix}{key}"] = value
    return found
