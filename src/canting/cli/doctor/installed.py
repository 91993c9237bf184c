"""Python and packages, against the lock."""

import platform
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from canting.cli.doctor.finding import Finding, fine

OLDEST, TOO_NEW = (3, 11), (3, 14)
"""The ends of `requires-python`: the lock has no wheels for Python 3.14."""

LOCK, PROJECT = "requirements.txt", "pyproject.toml"
INSTALL = f"uv pip install --require-hashes --requirement {LOCK}"
PINNED = re.compile(r"^[A-Za-z0-9][^\s=]*==[^\\\n]+", re.MULTILINE)

EXTRAS = {
    "train": "the pipeline",
    "serve": "the service",
    "track": "tracking with MLflow",
    "docs": "the documentation",
    "dev": "checks and tests",
}
"""Extras of the package and what needs them."""


def python(_: Path) -> Iterator[Finding]:
    """Tell whether the lock is made for this Python."""
    version = platform.python_version()
    if OLDEST <= sys.version_info < TOO_NEW:
        yield fine("python", f"Python {version}")
        return
    needed = ".".join(map(str, OLDEST))
    told = f"Python {version} is not supported; canting needs 3.11, 3.12 or 3.13"
    yield Finding("python", "fix", told, f"make PYTHON=python{needed} repro")


def extras(root: Path) -> Iterator[Finding]:
    """Tell which extras are there; one that is wholly or partly missing is named."""
    if not (root / PROJECT).is_file():
        return
    listed = tomllib.loads((root / PROJECT).read_text(encoding="utf-8"))["project"]
    for extra, use in EXTRAS.items():
        all_needed = map(Requirement, listed["optional-dependencies"].get(extra, ()))
        needed = [one for one in all_needed if one.marker is None or one.marker.evaluate()]
        missing = sorted(one.name for one in needed if _version(one.name) is None)
        if not missing:
            yield fine("extras", f"`{extra}` is installed: {use}")
        else:
            told = f"`{extra}` ({use}) is missing {', '.join(missing)}"
            yield Finding("extras", "note", told, INSTALL)


def packages(root: Path) -> Iterator[Finding]:
    """Tell which installed packages have another version than the lock says."""
    if not (root / LOCK).is_file():
        return
    wrong = sorted(_differing((root / LOCK).read_text(encoding="utf-8")))
    if wrong:
        told = f"other versions than in `{LOCK}`: {', '.join(wrong)}"
        yield Finding("packages", "fix", told, INSTALL)
    else:
        yield fine("packages", f"all installed packages match `{LOCK}`")


def _differing(lock: str) -> Iterator[str]:
    for line in PINNED.findall(lock):
        requirement = Requirement(line.strip())
        if requirement.marker and not requirement.marker.evaluate():
            continue
        version = _version(requirement.name)
        if version is not None and version not in requirement.specifier:
            yield f"{requirement.name} {version} (not {requirement.specifier})"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
