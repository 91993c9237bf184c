"""The figures of a study as a whole: the winner's scores, data, changed pictures, costs."""

from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML

from canting.config.columns import SCENARIO
from canting.config.records import CardRecord, Selection
from canting.config.scenario import Scenario
from canting.core import files
from canting.documents import read
from canting.runs.study.changes import flat
from canting.runs.tracking.run import KIND, Point, TrackedRun, joined, numbers, words
from canting.runs.tracking.scenarios import scenarios, searches
from canting.runs.tracking.snapshot import ABOUT, RunOrigin

SECONDS = ("seconds", "train_seconds", "search_seconds")
"""What features, trainings and searches note of their time."""


def figures(folder: Path, winner: str) -> tuple[Point, ...]:
    """Return the winner's scores, and what was found out about data and changed pictures."""
    results, costs = folder / "results", folder / "build" / "costs"
    ranking = read.table(results / "evaluate" / "scenarios.csv")
    calibrated = read.table(results / "evaluate" / "calibration.csv")
    selection = read.record(results / "select_best" / "selection.json", Selection)
    scored = read.with_ensemble(ranking, selection, "scores").set_index(SCENARIO)
    scaled = read.with_ensemble(calibrated, selection, "calibration").set_index(SCENARIO)
    ours = scored.drop(columns=list(Scenario.model_fields)).loc[winner].to_dict()
    parts = [numbers({**ours, **scaled.loc[winner].to_dict(), "scenarios": len(ranking)})]
    parts += [_record(results / "preprocess" / "leakage.json", "leakage/")]
    parts += [
        _record(results / name / "metrics.json", f"{name}/") for name in ("corruptions", "review")
    ]
    parts += [_record(results / "select_best" / "elsewhere.json", "elsewhere/")]
    parts += [
        _record(path, f"cost/{path.relative_to(costs).with_suffix('').as_posix()}/")
        for path in sorted(costs.rglob("*.json"))
    ]
    return joined(parts)


def seconds(folder: Path) -> float:
    """Return what features, trainings and searches took."""
    costs = folder / "build" / "costs"
    paths = [path for path in costs.rglob("*.json") if path.parent.name not in ("stages", "of")]
    found = [pair for path in paths for pair in _below(files.read_json(path)).items()]
    return float(sum(value for key, value in found if key.rpartition(".")[2] in SECONDS))


def _record(path: Path, prefix: str) -> tuple[Point, ...]:
    return numbers(_below(files.read_json(path)), prefix) if path.is_file() else ()


def _below(content: dict[str, object], prefix: str = "") -> dict[str, float]:
    """Return the numbers in mappings of mappings under joined names."""
    found: dict[str, float] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            found |= _below(value, f"{prefix}{key}.")
        elif isinstance(value, int | float):
            found[f"{prefix}{key}"] = value
    return found


PROVENANCE = ("revision", "lock", "manifest", "data", "folds", "machine")
"""What a snapshot tells of where it comes from, each as a tag."""


def study(folder: Path) -> TrackedRun:
    """Return the run of a study from a snapshot of it."""
    about = read.record(folder / ABOUT, RunOrigin)
    card = read.record(folder / "build" / "best" / "card.json", CardRecord)
    selection = read.record(folder / "results" / "select_best" / "selection.json", Selection)
    params = YAML(typ="safe", pure=True).load(folder / "params.yaml")
    title = str(params["report"]["title"])
    params.pop("track", None)
    return TrackedRun(
        about["experiment"] or title,
        about["digest"],
        {
            KIND: "study",
            "canting.model": card["model_sha256"],
            "canting.winner": selection["winner"],
            "mlflow.note.content": _note(folder, title, selection),
            **_provenance(about),
        },
        words(flat(params)),
        figures(folder, selection["winner"]),
        seconds=seconds(folder),
        folder=folder,
        children=(*scenarios(folder, about["digest"]), *searches(folder, about["digest"])),
    )


def _provenance(about: RunOrigin) -> dict[str, str]:
    """Return tags that tell where a run comes from; MLflow shows the commit by its own tag."""
    commit = {"mlflow.source.git.commit": about["revision"]} if about["revision"] else {}
    pairs = (line.rpartition(" ") for line in about["versions"])
    versions = {f"version.{name}": version for name, _, version in pairs}
    told: Mapping[str, object] = about
    named = {f"canting.{name}": told[name] for name in PROVENANCE}
    return words({**commit, **named, **versions})


def _note(folder: Path, title: str, selection: Selection) -> str:
    table = (folder / "results" / "evaluate" / "scenarios.md").read_text(encoding="utf-8")
    note = f"**{title}**\n\n{selection['reason']}\n\n{table}"
    return words({"note": note})["note"]
