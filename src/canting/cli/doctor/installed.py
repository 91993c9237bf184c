"""Python and packages, against the lock."""

import platform
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from canting.cli.doctor.finding import Finding, fine
from canting.core.device import version

OLDEST, TOO_NEW = (3, 11), (3, 14)
"""The ends of `requires-python`: the lock has no wheels for Python 3.14."""

CLUSTER = "make cluster"
"""What installs what `compute.engine: ray` needs."""

PROJECT = "pyproject.toml"
LOCKS = {
    "cpu": "requirements.txt",
    "gpu": "requirements-gpu.txt",
    "cluster": "requirements-cluster.txt",
}
PINNED = re.compile(r"^[A-Za-z0-9][^\s=]*==[^\\\n]+", re.MULTILINE)

EXTRAS = {
    "hub": "models on the Hub of Hugging Face",
    "train": "the pipeline",
    "cpu": "TensorFlow for the processor",
    "gpu": "TensorFlow for NVIDIA GPUs",
    "serve": "the service",
    "cluster": "`compute.engine: ray`, and storage that machines share",
    "track": "tracking with MLflow",
    "docs": "the documentation",
    "dev": "checks and tests",
}
"""Extras of the package and what needs them."""


def python(_: Path) -> Iterator[Finding]:
    """Tell whether the lock is made for this Python."""
    running = platform.python_version()
    if OLDEST <= sys.version_info < TOO_NEW:
        yield fine("python", f"Python {running}")
        return
    needed = ".".join(map(str, OLDEST))
    told = f"Python {running} is not supported; canting needs 3.11, 3.12 or 3.13"
    yield Finding("python", "fix", told, f"make PYTHON=python{needed} repro")


def extras(root: Path) -> Iterator[Finding]:
    """Tell which extras are there; one that is wholly or partly missing is named."""
    if not (root / PROJECT).is_file():
        return
    listed = tomllib.loads((root / PROJECT).read_text(encoding="utf-8"))["project"]
    other = ({"cpu", "gpu"} - {_device()}).pop()
    for extra, use in EXTRAS.items():
        if extra == other:
            continue
        all_needed = map(Requirement, listed["optional-dependencies"].get(extra, ()))
        needed = [one for one in all_needed if one.marker is None or one.marker.evaluate()]
        missing = sorted(one.name for one in needed if version(one.name) is None)
        if not missing:
            yield fine("extras", f"`{extra}` is installed: {use}")
        else:
            told = f"`{extra}` ({use}) is missing {', '.join(missing)}"
            yield Finding("extras", "note", told, CLUSTER if extra == "cluster" else _install())


def packages(root: Path) -> Iterator[Finding]:
    """Tell which installed packages have another version than the locks say."""
    commands = {LOCKS[_device()]: _install()}
    if version("ray") is not None:
        commands[LOCKS["cluster"]] = CLUSTER
    for lock, command in commands.items():
        if not (root / lock).is_file():
            continue
        wrong = sorted(_differing((root / lock).read_text(encoding="utf-8")))
        if wrong:
            told = f"other versions than in `{lock}`: {', '.join(wrong)}"
            yield Finding("packages", "fix", told, command)
        else:
            yield fine("packages", f"all installed packages match `{lock}`")


def _device() -> str:
    """Return the extra that brought TensorFlow: CUDA's libraries come with `gpu` alone."""
    with_cuda = version("tensorflow") and version("nvidia-cudnn-cu12")
    return "gpu" if with_cuda and version("tensorflow-cpu") is None else "cpu"


def _install() -> str:
    return f"uv pip install --require-hashes --requirement {LOCKS[_device()]}"


def _differing(lock: str) -> Iterator[str]:
    for line in PINNED.findall(lock):
        requirement = Requirement(line.strip())
        if requirement.marker and not requirement.marker.evaluate():
            continue
        there = version(requirement.name)
        if there is not None and there not in requirement.specifier:
            yield f"{requirement.name} {there} (not {requirement.specifier})"
