"""The log of promotions: one JSON object a line, added to and never changed.

It is the truth about the aliases; a tracking server only repeats it. Not an output of DVC: people
and CI add to it, so that repeating a pipeline leaves it as it is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from canting.core import files
from canting.core.errors import CantingError

PATH = Path("results") / "registry" / "promotions.jsonl"

CHAMPION, CHALLENGER = "champion", "challenger"


class CandidateFigures(BaseModel):
    """What a decision is made from, so that it can be repeated without server and data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    revision: str | None
    scenario: str
    scores: dict[str, float]
    numbers: tuple[int, ...]
    folds: dict[str, tuple[float, ...]]
    fold_table: str | None
    data: str | None


class Test(BaseModel):
    """The difference that decided, mean over the folds, and the corrected resampled t-test."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    difference: float
    low: float
    high: float
    p_value: float


class Promotion(BaseModel):
    """A line of the log; `from_` and `to` are digests of model files, `when` is in UTC.

    `action` says how the champion changed: `first`, `better`, `forced` and `rollback` move the
    alias from one model to another; `challenger` leaves it, and names `to` the challenger.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    when: str
    who: str
    action: Literal["first", "better", "forced", "rollback", "challenger"]
    from_: str | None = Field(alias="from")
    to: str
    why: str
    metric: str
    alpha: float
    confidence: float
    test: Test | None
    figures: CandidateFigures


@dataclass(frozen=True)
class Standing:
    """What a log comes to: the champions, the present one last, the challenger, what went back."""

    champions: tuple[Promotion, ...]
    challenger: str | None
    taken_back: frozenset[str]

    @property
    def champion(self) -> Promotion | None:
        """The present champion."""
        return self.champions[-1] if self.champions else None


def read(path: Path) -> list[Promotion]:
    """Read a log; one that is not there is empty. Raises `CantingError` naming a damaged line."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [_entry(line, number, path) for number, line in enumerate(lines, 1)]


def append(path: Path, entry: Promotion) -> None:
    """Add a line; the log is whole before and after."""
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    content: dict[str, Any] = entry.model_dump(mode="json", by_alias=True)
    line = json.dumps(content, ensure_ascii=False, allow_nan=False)
    files.write_text(path, f"{before}{line}\n")


def standing(entries: Sequence[Promotion]) -> Standing:
    """Return what a log comes to; a rollback undoes the move before it."""
    champions: list[Promotion] = []
    challenger: str | None = None
    taken_back: set[str] = set()
    for entry in entries:
        if entry.action == "challenger":
            challenger = entry.to
            continue
        if entry.action == "rollback":
            taken_back.add(champions.pop().to)
        else:
            champions.append(entry)
            taken_back.discard(entry.to)
        challenger = None if challenger == entry.to else challenger
    return Standing(tuple(champions), challenger, frozenset(taken_back))


def aliases(entries: Sequence[Promotion]) -> dict[str, str | None]:
    """Return the model file of each alias."""
    found = standing(entries)
    champion = found.champion.to if found.champion else None
    return {CHAMPION: champion, CHALLENGER: found.challenger}


def _entry(line: str, number: int, path: Path) -> Promotion:
    try:
        return Promotion.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        raise CantingError(
            f"`{path}`, line {number}: expected a promotion. Received: {key} {problem['msg']}. "
            f"Restore the line from git; nothing was changed."
        ) from None
