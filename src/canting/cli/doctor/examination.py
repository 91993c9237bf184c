"""All that is looked at."""

from collections.abc import Callable, Iterator
from pathlib import Path

from canting.cli.doctor import data, experiments, installed, leftovers, locks, servers, state
from canting.cli.doctor.finding import Finding

CHECKS: tuple[Callable[[Path], Iterator[Finding]], ...] = (
    installed.python,
    installed.extras,
    installed.packages,
    locks.locks,
    experiments.experiments,
    leftovers.leftovers,
    data.pictures,
    data.weights,
    state.results,
    servers.servers,
    leftovers.disk,
)


def examine(root: Path) -> list[Finding]:
    """Return what was found of the project in a folder; nothing is changed."""
    return [finding for check in CHECKS for finding in check(root)]


def as_text(findings: list[Finding]) -> str:
    """Return the findings in lines: what is fine last, each other with its command."""
    ranks = {"fix": 0, "note": 1, "fine": 2}
    lines = []
    for finding in sorted(findings, key=lambda one: ranks[one.level]):
        lines.append(f"{finding.level:<5} {finding.subject:<12} {finding.told}")
        if finding.command:
            lines.append(f"{'':<18} → {finding.command}")
    return "\n".join(lines)
