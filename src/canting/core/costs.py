"""Measured seconds: git and DVC keep none, since they differ from run to run.

They lie in `build/costs`, each with a digest of what they were measured for, so that after
`dvc checkout` or `dvc exp apply` no page shows the seconds of another run.
"""

from pathlib import Path

from canting.core import files

COSTS = Path("costs")
"""Folder below `build` of all that was measured in seconds on this machine."""

MEASURED_FOR = {
    "export": ("results/export/exports.csv",),
    "features": ("build/features/*/key.json",),
    "train": ("build/train/curves.csv", "build/train/repeats.parquet"),
    "tune": ("results/tune/trials.csv",),
}
"""Files, by stage, that tell one outcome of a stage from another."""


def note(stage: str, root: Path = Path()) -> None:
    """Note what the seconds of a stage were measured for, once they are written."""
    files.write_json(_path(stage, root), {"of": _digest(stage, root)})


def known(stage: str, root: Path) -> bool:
    """Tell whether the seconds that are there were measured for the outcome that is there."""
    path = _path(stage, root)
    return not path.is_file() or bool(files.read_json(path)["of"] == _digest(stage, root))


def _path(stage: str, root: Path) -> Path:
    return root / "build" / COSTS / "of" / f"{stage}.json"


def _digest(stage: str, root: Path) -> str:
    paths = [path for pattern in MEASURED_FOR[stage] for path in root.glob(pattern)]
    return files.tree_digest(root, sorted(paths))
