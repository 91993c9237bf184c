"""Data model of an MLflow run, without MLflow."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from canting.core.errors import CantingError

KIND = "canting.kind"
"""The tag that says what a run is of: a study, a scenario, a search."""

LONGEST = 5000
"""Characters of a parameter or tag; MLflow takes 6000 of one, and 5000 of the other."""

_REFUSED = re.compile(r"[^/\w. -]")
"""What MLflow takes in no name of a metric, on whichever system."""


class RefusedError(CantingError):
    """An invalid name or value in a run: MLflow would reject it again."""


class Point(NamedTuple):
    """A value of a metric at a step: an epoch, a fold, a trial, or 0."""

    key: str
    value: float
    step: int = 0


@dataclass(frozen=True)
class TrackedRun:
    """What is logged of a study, a scenario or a search; `digest` tells it from every other.

    All files below `folder`, and `pictures`, are logged as artifacts. `seconds` is how long it
    took, `failure` why it came to no end.
    """

    name: str
    digest: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    points: tuple[Point, ...]
    seconds: float = 0.0
    failure: str = ""
    folder: Path | None = None
    pictures: tuple[Path, ...] = ()
    children: tuple["TrackedRun", ...] = ()


def numbers(row: Mapping[Any, Any], prefix: str = "", step: int = 0) -> tuple[Point, ...]:
    """Return a point for each finite number of a row; words and empty cells are passed over.

    In the name of a trunk, such as `vgg19@block5_conv1`, MLflow gets a `-`.
    """
    return tuple(
        Point(_REFUSED.sub("-", f"{prefix}{key}"), float(value), step)
        for key, value in row.items()
        if not isinstance(value, str | bool) and value is not None and math.isfinite(value)
    )


def words(content: Mapping[str, Any]) -> dict[str, str]:
    """Return values as text, cut where MLflow takes no more; empty ones as nothing."""
    return {key: _text(value) for key, value in content.items()}


def joined(parts: Iterable[tuple[Point, ...]]) -> tuple[Point, ...]:
    """Return all points of all parts."""
    return tuple(point for part in parts for point in part)


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
