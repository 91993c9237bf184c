"""Snapshot of a finished run: its files copied, so that a later run may replace them."""

import os
import shutil
import time
from pathlib import Path
from typing import TypedDict

from canting.config.params import load
from canting.core import files
from canting.core.errors import CantingError
from canting.core.revision import stamp
from canting.documents.provenance import provenance

ABOUT = "about.json"
"""What a snapshot tells of itself."""

FOLDERS = tuple(
    f"build/{name}" for name in ("best", "cards", "confusions", "costs", "report", "tune")
)
SINGLE = (
    *("params.yaml", "dvc.lock"),
    *(f"build/train/{name}.csv" for name in ("curves", "scenarios")),
)
"""What is copied, beside all results: folders with all below them, and single files."""

MADE_OF = ("build/digests.csv", "build/folds.csv", "build/train/curves.csv")
"""Files that tell runs apart, beside the parameters and all results."""

CARD = "build/best/card.json"

NEEDED = (*MADE_OF, CARD, "build/manifest.parquet", "build/report/scenarios.csv")
"""Files that a finished run has."""


def digest(root: Path) -> str:
    """Return a digest of a run's parameters, pictures, results and learning curves.

    A run that is repeated with the same outcome is the same run. Raises `CantingError` where the
    run has not come to its end.
    """
    for path in NEEDED:
        if not (root / path).is_file():
            raise CantingError(
                f"`{path}`: expected a finished run. Received: no such file. Run `dvc repro`."
            )
    params = load(root / "params.yaml").model_dump(mode="json", exclude={"track"})
    results = sorted(path for path in _paths(root) if path.startswith("results/"))
    return files.digest(
        params, [(path, files.sha256(root / path)) for path in (*results, *MADE_OF)]
    )


def take(root: Path, folder: Path) -> None:
    """Copy the files of the run at `root` to `folder`, whole or not at all."""
    about = _about(root)
    with files.replacing(folder) as aside:
        for path in _paths(root):
            (aside / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / path, aside / path)
        stamp(aside / CARD, root)
        files.write_json(aside / ABOUT, about)


def _paths(root: Path) -> list[str]:
    """Return the files of a run but those of the registry, which outlives runs."""
    folders = (*FOLDERS, "results")
    below = [path for folder in folders for path in (root / folder).rglob("*") if path.is_file()]
    found = [path.relative_to(root).as_posix() for path in below]
    single = [path for path in SINGLE if (root / path).is_file()]
    return [*single, *(path for path in found if not path.startswith("results/registry/"))]


class RunOrigin(TypedDict):
    """Where a run comes from, with the digests of what it was made of; `made` in milliseconds."""

    digest: str
    experiment: str
    made: int
    revision: str | None
    lock: str | None
    manifest: str
    data: str
    folds: str
    versions: list[str]
    machine: str


def _about(root: Path) -> RunOrigin:
    """Return where a run comes from, with the digests of what it was made of."""
    found = provenance(root)
    return {
        "digest": digest(root),
        "experiment": os.environ.get("DVC_EXP_NAME", ""),
        "made": time.time_ns() // 1_000_000,
        "revision": found.revision,
        "lock": found.lock,
        "manifest": files.sha256(root / "build" / "manifest.parquet"),
        "data": files.sha256(root / "build" / "digests.csv"),
        "folds": files.sha256(root / "build" / "folds.csv"),
        "versions": list(found.versions),
        "machine": found.machine,
    }
