"""Requirements of the service: a part of the lock, with its hashes."""

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from canting.core.errors import CantingError

ENTRY = re.compile(r"^([A-Za-z0-9][\w.-]*)==[^\n]*\n(?:[ \t]+[^\n]*\n)*", re.MULTILINE)
"""A package of the lock with its hashes; the comments below say who needs it."""

COMMENT = re.compile(r"^[ \t]+#[^\n]*\n", re.MULTILINE)


def wanted(project: str, extra: str = "serve") -> list[str]:
    """Return the requirements in a `pyproject.toml`, with those of an extra."""
    content = tomllib.loads(project)["project"]
    return [*content["dependencies"], *content["optional-dependencies"][extra]]


def needed(lock: str, requirements: list[str]) -> str:
    """Return the entries of a lock that requirements come down to."""
    names = _closure(requirements)
    entries = [(canonicalize_name(one[1]), one[0]) for one in ENTRY.finditer(f"{lock}\n")]
    missing = sorted(names - {name for name, _ in entries})
    if missing:
        raise CantingError(
            f"`requirements.txt`: expected what the service needs. Received: no "
            f"{', '.join(missing)}. Compile the lock again."
        )
    return "".join(COMMENT.sub("", text) for name, text in entries if name in names)


def _closure(requirements: list[str]) -> set[str]:
    """Return the names of all packages, by this machine's metadata."""
    found: set[tuple[str, str]] = set()
    waiting = [pair for text in requirements for pair in _asked(Requirement(text))]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) not in found:
            found.add((name, extra))
            waiting += [pair for need in _needs(name, extra) for pair in _asked(need)]
    return {name for name, _ in found}


def _needs(name: str, extra: str) -> Iterator[Requirement]:
    try:
        texts = metadata.requires(name) or ()
    except metadata.PackageNotFoundError:
        raise CantingError(f"The package `{name}` is missing. Install `canting[serve]`.") from None
    for requirement in map(Requirement, texts):
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement


def _asked(requirement: Requirement) -> list[tuple[str, str]]:
    name = canonicalize_name(requirement.name)
    return [(name, extra) for extra in ("", *requirement.extras)]
