"""Decide whether a candidate becomes the champion."""

import getpass
import os
import re
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from canting.core.errors import CantingError
from canting.runs import promotions
from canting.runs.compare.comparison import compare
from canting.runs.compare.written import verdict
from canting.runs.promotions import Promotion, Test
from canting.runs.registry import candidate
from canting.runs.registry.candidate import Candidate, of_entry


class Decision(NamedTuple):
    """What happens to a candidate, and why; `obstacle` is why the test could not be made."""

    action: Literal["first", "better", "challenger"]
    why: str
    test: Test | None = None
    obstacle: str = ""


def decide(champion: Promotion | None, candidate: Candidate) -> Decision:
    """Decide by the corrected resampled t-test on the folds that both were scored on.

    A difference within noise leaves the champion: only a better model takes its place.
    """
    if champion is None:
        return Decision("first", "the first model of the log")
    found = compare(f"champion {champion.to[:12]}", of_entry(champion).record, candidate.record)
    if found.obstacle:
        return Decision("challenger", verdict(found), obstacle=found.obstacle)
    score = found.score
    test = Test.model_validate(
        {name: getattr(score, name) for name in ("difference", "low", "high", "p_value")}
    )
    return Decision("better" if found.better else "challenger", verdict(found), test)


def promote(version: str | None, root: Path, *, why: str | None = None) -> str:
    """Let a model become champion if it is better, else challenger; return what happened.

    `version` is the number of a version in MLflow, or the beginning of a digest in the log; none:
    the bundle of the working tree. With `why` it becomes the champion whatever the test says.
    Raises `CantingError` where the two do not compare.
    """
    entries = promotions.read(root / promotions.PATH)
    standing = promotions.standing(entries)
    champion, found = standing.champion, _candidate(version, entries, root)
    name = found.model[:12]
    if champion and champion.to == found.model:
        return f"{name} is the champion already. Nothing was changed."
    decision = decide(champion, found)
    if why is not None:
        _append(root, champion, found, "forced", why, decision.test)
        return f"{name} is the champion, by force: {why}"
    _refuse(name, found.model in standing.taken_back, decision)
    if decision.action == "challenger" and standing.challenger == found.model:
        return f"{name} is the challenger already: {decision.why} Nothing was changed."
    _append(root, champion, found, decision.action, decision.why, decision.test)
    return _told(name, decision, champion)


def roll_back(root: Path, *, why: str | None = None) -> str:
    """Make the champion before this one the champion again; return what happened.

    Raises `CantingError` where there is none.
    """
    champions = promotions.standing(promotions.read(root / promotions.PATH)).champions
    if len(champions) < 2:
        raise CantingError(
            f"`{promotions.PATH}`: expected a champion before the present one. Received: "
            f"{len(champions)} in all. `canting promote` names one."
        )
    present, before = champions[-1], champions[-2]
    reason = why or f"{present.to[:12]} was rolled back"
    _append(root, present, of_entry(before), "rollback", reason, None)
    return (
        f"{before.to[:12]} is the champion again, in place of {present.to[:12]}. Its code and "
        f"results are at revision {before.figures.revision or 'unknown'}."
    )


def _candidate(version: str | None, entries: list[Promotion], root: Path) -> Candidate:
    if version is None:
        return candidate.of_run(root, check=True)
    known = {entry.to: entry for entry in entries if entry.to.startswith(version)}
    if len(known) == 1 and len(version) >= 6:
        return of_entry(known.popitem()[1])
    if not re.fullmatch(r"\d{1,9}", version):
        raise CantingError(
            f"expected the number of a version in MLflow, or at least six digits of a model that "
            f"`{promotions.PATH}` has. Received: {version!r}."
        )
    from canting.runs.tracking.deliver import fetch

    with tempfile.TemporaryDirectory(prefix="canting-") as folder:
        fetch(version, root, Path(folder))
        return candidate.of_run(Path(folder), check=False)


def _refuse(name: str, taken_back: bool, decision: Decision) -> None:
    """Raise where only a person can decide."""
    force = '`canting promote --force --why "…"`'
    if taken_back:
        raise CantingError(
            f"{name} was champion and was rolled back. It was not promoted. To make it champion "
            f"again: {force}."
        )
    if decision.obstacle:
        raise CantingError(
            f"not comparable: {decision.obstacle}. {name} was not promoted. Repeat the champion's "
            f"run on these pictures and folds, or use {force}."
        )


def _append(
    root: Path,
    champion: Promotion | None,
    found: Candidate,
    action: str,
    why: str,
    test: Test | None,
) -> None:
    record = found.record
    content = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": _who(root),
        "action": action,
        "from": champion.to if champion else None,
        "to": found.model,
        "why": why,
        "metric": record.metric,
        "alpha": record.alpha,
        "confidence": record.confidence,
        "test": test,
        "figures": found.figures,
    }
    promotions.append(root / promotions.PATH, Promotion.model_validate(content))


def _told(name: str, decision: Decision, champion: Promotion | None) -> str:
    if champion is None or decision.action == "first":
        return f"{name} is the champion: {decision.why}."
    if decision.action == "better":
        return f"{name} is the champion, in place of {champion.to[:12]}: {decision.why}"
    return (
        f"{name} is a challenger: {decision.why} "
        f"The alias `champion` was not moved from {champion.to[:12]}."
    )


def _who(root: Path) -> str:
    """Return who moves the alias: the actor of a workflow, git's user, or the account's name."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        return os.environ.get("GITHUB_ACTOR", "GitHub Actions")
    try:
        told = subprocess.run(
            ["git", "-C", str(root), "config", "user.name"], capture_output=True, text=True
        )
    except OSError:
        return getpass.getuser()
    return told.stdout.strip() or getpass.getuser()
