"""Provenance of a run: revision, digests, versions, machine."""

import platform
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

from ruamel.yaml import YAML

from canting.core import device, files, keys, runtime
from canting.core.revision import revision

PACKAGES = ("canting", "ai-edge-litert", "dvc", "great-expectations", "pandas", "pillow", "scipy")
"""Packages whose versions are told beside those that decide on a training."""

TRAINING = ("keras", "numpy", "scikit-learn", "tensorflow", "tensorflow-cpu", "jax", "torch")


@dataclass(frozen=True)
class Provenance:
    """What a reader needs to repeat a run; `lock` is the digest of what DVC noted of it."""

    made: date
    revision: str | None
    lock: str | None
    params: str
    versions: tuple[str, ...]
    machine: str


def provenance(root: Path) -> Provenance:
    """Return where the run in a repository comes from."""
    return Provenance(
        datetime.now(UTC).date(),
        revision(),
        lock_digest(root / "dvc.lock"),
        (root / "params.yaml").read_text(encoding="utf-8"),
        _versions(),
        f"{platform.platform()}, {platform.machine()}, {runtime.cores()} cores",
    )


LATER = {"cards", "report", "track", "package"}
"""Stages that come after what a report tells of."""


def lock_digest(path: Path) -> str | None:
    """Return a digest of what `dvc.lock` notes of all stages but the later ones."""
    if not path.is_file():
        return None
    stages = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))["stages"]
    return files.digest({name: stage for name, stage in stages.items() if name not in LATER})


def _versions() -> tuple[str, ...]:
    there = [one for one in keys.versions(TRAINING) if not one.startswith("no ")]
    others = [f"{name} {version(name)}" for name in PACKAGES]
    python, backend = platform.python_version(), device.backend()
    return (f"Python {python}", f"Keras on {backend}", *there, *others)
