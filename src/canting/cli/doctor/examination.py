"""All that is looked at."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from canting.cli.doctor import (
    cluster,
    data,
    device,
    experiments,
    installed,
    leftovers,
    locks,
    repository,
    servers,
    state,
)
from canting.cli.doctor.finding import Finding
from canting.core.errors import CantingError

CHECKS: tuple[Callable[[Path], Iterator[Finding]], ...] = (
    installed.python,
    installed.extras,
    installed.packages,
    device.tensorflows,
    device.device_,
    repository.repository,
    locks.locks,
    experiments.experiments,
    leftovers.leftovers,
    data.pictures,
    data.weights,
    state.results,
    cluster.cluster,
    servers.servers,
    leftovers.disk,
)


def examine(root: Path, subjects: Collection[str] = ()) -> list[Finding]:
    """Return what was found of the project in a folder; nothing is changed.

    Without subjects, of all of them. Raises `CantingError` for one that does not exist.
    """
    found = [finding for check in CHECKS for finding in check(root)]
    known = {finding.subject for finding in found}
    if unknown := set(subjects) - known:
        raise CantingError(
            f"expected subjects among {', '.join(sorted(known))}. "
            f"Received: {', '.join(sorted(unknown))}. Leave it out, or correct it."
        )
    return [finding for finding in found if not subjects or finding.subject in subjects]


def as_text(findings: list[Finding]) -> str:
    """Return the findings in lines: what is fine last, each other with its command."""
    ranks = {"fix": 0, "note": 1, "fine": 2}
    lines = []
    for finding in sorted(findings, key=lambda one: ranks[one.level]):
        lines.append(f"{finding.level:<5} {finding.subject:<12} {finding.told}")
        if finding.command:
            lines.append(f"{'':<18} → {finding.command}")
    return "\n".join(lines)
