"""A snapshot as a tree of runs: the study, under it its scenarios and searches."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from canting.documents import read
from canting.study.changes import flat
from canting.tracking.figures import figures, seconds
from canting.tracking.run import KIND, Run, words
from canting.tracking.scenarios import scenarios
from canting.tracking.searches import searches
from canting.tracking.snapshot import ABOUT

PROVENANCE = ("revision", "lock", "manifest", "data", "folds", "machine")
"""What a snapshot tells of where it comes from, each as a tag."""


def study(folder: Path) -> Run:
    """Return the run of a study from a snapshot of it."""
    about = read.record(folder / ABOUT)
    card = read.record(folder / "build" / "best" / "card.json")
    selection = read.record(folder / "results" / "select_best" / "selection.json")
    params = YAML(typ="safe", pure=True).load(folder / "params.yaml")
    title = str(params["report"]["title"])
    params.pop("track", None)
    return Run(
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


def _provenance(about: dict[str, Any]) -> dict[str, str]:
    """Return tags that tell where a run comes from; MLflow shows the commit by its own tag."""
    commit = {"mlflow.source.git.commit": about["revision"]} if about["revision"] else {}
    pairs = (line.rpartition(" ") for line in about["versions"])
    versions = {f"version.{name}": version for name, _, version in pairs}
    named = {f"canting.{name}": about[name] for name in PROVENANCE}
    return words({**commit, **named, **versions})


def _note(folder: Path, title: str, selection: dict[str, Any]) -> str:
    table = (folder / "results" / "evaluate" / "scenarios.md").read_text(encoding="utf-8")
    note = f"**{title}**\n\n{selection['reason']}\n\n{table}"
    return words({"note": note})["note"]
