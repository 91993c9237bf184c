"""Say where the lock, `requirements.txt`, is stale against `pyproject.toml`; `make lock` renews it.

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


def stale(project: str, lock: str) -> Iterator[str]:
    """Yield what is wrong with a lock, one line each."""
    pinned: dict[str, list[Requirement]] = {}
    listed = set()
    for pin, more in ENTRY.findall(lock):
        requirement = Requirement(pin)
        name = canonicalize_name(requirement.name)
        pinned.setdefault(name, []).append(requirement)
        if ASKED in more:
            listed.add(name)
        if not HASH.search(more):
            yield f"{name} has no hash"
    asked = list(requirements(project))
    for requirement in asked:
        yield from unmet(requirement, pinned)
    for name in sorted(listed - {canonicalize_name(one.name) for one in asked}):
        yield f"{name} is locked, and no longer asked for"
    if "://" in lock or re.search("^-", lock, re.MULTILINE):
        yield "an address or an option stands in it: where packages come from is each machine's own"


def requirements(project: str) -> Iterator[Requirement]:
    """Yield all requirements of a `pyproject.toml`, those of its extras included."""
    content = tomllib.loads(project)["project"]
    for group in (content["dependencies"], *content["optional-dependencies"].values()):
        yield from map(Requirement, group)


def unmet(requirement: Requirement, pinned: dict[str, list[Requirement]]) -> Iterator[str]:
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
    """Return what the extras of an installed requirement bring along."""
    if not requirement.extras:
        return set()
    needs = map(Requirement, metadata.requires(requirement.name) or ())
    return {
        canonicalize_name(need.name)
        for need in needs
        for extra in requirement.extras
        if need.marker and need.marker.evaluate({"extra": extra}) and not need.marker.evaluate()
    }


def main(folder: Path) -> int:
    """Print what is wrong and return 1, or say nothing and return 0."""
    project = (folder / "pyproject.toml").read_text(encoding="utf-8")
    lock = (folder / "requirements.txt").read_text(encoding="utf-8")
    wrong = list(stale(project, lock))
    for line in wrong:
        print(f"requirements.txt: {line}")
    if wrong:
        print("Run: make lock")
    return min(len(wrong), 1)


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:])))
