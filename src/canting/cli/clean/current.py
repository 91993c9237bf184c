"""What the present parameters need, where DVC says that the manifest is of the present pictures."""

import json
import subprocess
import sys
from pathlib import Path

from canting.config.params import load
from canting.config.stage import BUILD, CACHE
from canting.core.errors import CantingError

STAGES = ("fetch", "validate")
"""Stages that lead to the manifest."""


def needed_now(root: Path) -> set[Path]:
    """Return the files below `.canting` that the repository's parameters need.

    Raises `CantingError` where the pictures are not known: nothing may then be called unneeded.
    """
    params = load(root / "params.yaml")
    _check(root)
    # After the check: what computes the keys takes seconds to import.
    from canting.cli.clean import needed
    from canting.data import manifest

    asked = root / BUILD / "other" / "manifest.parquet"
    other = manifest.read(asked)["sha256"].tolist() if asked.is_file() else []
    found = needed.pictures(params, manifest.read(root / BUILD / "manifest.parquet"), other)
    return needed.needed(params, found, root / CACHE)


def _check(root: Path) -> None:
    dvc = [sys.executable, "-m", "dvc", "status", "--json", *STAGES]
    told = subprocess.run(dvc, cwd=root, capture_output=True, text=True, check=False)
    if told.returncode:
        raise CantingError(
            "`dvc status` failed, so that nobody knows which pictures are current. Nothing was "
            f"removed. Received: {' '.join(told.stderr.split())[-300:]}"
        )
    changed = json.loads(told.stdout or "{}")
    if changed:
        raise CantingError(
            f"Pictures or parameters of {', '.join(changed)} changed since they were last checked. "
            "Nothing was removed. Run `dvc repro validate` first."
        )
