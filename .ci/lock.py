"""Say where a lock is stale against `pyproject.toml`; `make lock` renews both.

usage: lock.py [FOLDER]
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENTRY = re.compile(r"^(\w[^\\\n]*)(.*(?:\n[ #].*)*)", re.MULTILINE)
"""A pin with its marker; its hashes, and the comment that says who asks for it."""
HASH = re.compile(r"^ +--hash=sha256:", re.MULTILINE)
ASKED = "(pyproject.toml)"
"""What stands behind the project's name in that comment."""
LOCKS = {
    "cpu": "requirements.txt",
    "gpu": "requirements-gpu.txt",
    "cluster": "requirements-cluster.txt",
}
"""The lock of each device, and what a cluster needs besides.

The extra of a device's name brings its TensorFlow, and no lock has both.
"""

Pins = dict[str, list[Requirement]]


def stale(project: str, lock: str, name: str) -> Iterator[str]:
    """Yield what is wrong with a lock, one line each."""
    pinned = pins(lock)
    listed = set()
    for pin, more in ENTRY.findall(lock):
        pinned_name = canonicalize_name(Requirement(pin).name)
        if ASKED in more:
            listed.add(pinned_name)
        if not HASH.search(more):
            yield f"{pinned_name} has no hash"
    asked = list(requirements(project, name))
    for requirement in asked:
        yield from unmet(requirement, pinned)
    for left in sorted(listed - {canonicalize_name(one.name) for one in asked}):
        yield f"{left} is locked, and no longer asked for"
    if "://" in lock or re.search("^-", lock, re.MULTILINE):
        yield "an address or an option stands in it: where packages come from is each machine's own"


def pins(lock: str) -> Pins:
    """Return the pins of a lock by the name of the package."""
    pinned: Pins = {}
    for pin, _ in ENTRY.findall(lock):
        requirement = Requirement(pin)
        pinned.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return pinned


def apart(one: str, other: str) -> Iterator[str]:
    """Yield the packages that two locks pin at different versions."""
    ours, theirs = pins(one), pins(other)
    for name in sorted(ours.keys() & theirs.keys()):
        first, second = (
            sorted({str(pin.specifier) for pin in found[name]}) for found in (ours, theirs)
        )
        if first != second:
            yield f"{name} is {', '.join(first)} in one lock and {', '.join(second)} in the other"


def requirements(project: str, lock: str) -> Iterator[Requirement]:
    """Yield the requirements of a `pyproject.toml` that a lock has, its extras included."""
    content = tomllib.loads(project)["project"]
    yield from map(Requirement, content["dependencies"])
    for extra, group in content["optional-dependencies"].items():
        if extra == lock or (extra not in LOCKS and lock != "cluster"):
            yield from map(Requirement, group)


def unmet(requirement: Requirement, pinned: Pins) -> Iterator[str]:
    """Yield where pins do not meet a requirement."""
    pins = pinned.get(canonicalize_name(requirement.name), [])
    if not pins:
        yield f"{requirement} is not locked"
        return
    for pin in pins:
        version = next(iter(pin.specifier)).version
        if not requirement.specifier.contains(version, prereleases=True):
            yield f"{requirement} is asked for, {version} is locked"
    for name in sorted(brought(requirement) - set(pinned)):
        yield f"{requirement} needs {name}, which is not locked"


def brought(requirement: Requirement) -> set[str]:
    """Return what the extras of a requirement bring along; nothing is known where it is missing."""
    try:
        needs = [Requirement(one) for one in metadata.requires(requirement.name) or ()]
    except metadata.PackageNotFoundError:
        return set()
    return {
        canonicalize_name(need.name)
        for need in needs
        for extra in requirement.extras
        if need.marker and need.marker.evaluate({"extra": extra}) and not need.marker.evaluate()
    }


def main(folder: Path) -> int:
    """Print what is wrong and return 1, or say nothing and return 0."""
    project = (folder / "pyproject.toml").read_text(encoding="utf-8")
    locks = {one: (folder / name).read_text(encoding="utf-8") for one, name in LOCKS.items()}
    wrong = [
        f"{LOCKS[one]}: {line}" for one, lock in locks.items() for line in stale(project, lock, one)
    ]
    first, *others = locks
    wrong += [f"{LOCKS[one]}: {line}" for one in others for line in apart(locks[first], locks[one])]
    for line in wrong:
        print(line)
    if wrong:
        print("Run: make lock")
    return min(len(wrong), 1)


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:])))
