"""The validation gate: read, group, check, quarantine, write."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from canting.config.sections import Validate
from canting.config.tables import QUARANTINE
from canting.core.files import replacing, write_json
from canting.data import manifest, origins
from canting.data.validate import tables
from canting.data.validate.check import CheckOutcome
from canting.data.validate.class_checks import class_checks
from canting.data.validate.data_docs import offline
from canting.data.validate.picture_checks import picture_checks
from canting.data.validate.report import ValidationError, summary
from canting.data.validate.tables import group, joined, number


@dataclass(frozen=True)
class Counts:
    """What came through the gate, and what did not: `pictures` of classes, `unknown` of none."""

    pictures: int
    classes: int
    groups: int
    quarantined: int
    warned: dict[str, str]
    """Warnings by path, as `no_end` for a picture that lacks the marker of its end."""
    unknown: int = 0


@dataclass(frozen=True)
class Passage:
    """What is left of the pictures, what was set aside (`path`, `reason`), the last outcomes."""

    left: pd.DataFrame
    aside: pd.DataFrame
    outcomes: Sequence[CheckOutcome]


def run(raw: Path, build: Path, results: Path, params: Validate) -> Counts:
    """Write the manifest to `build`, outcomes and quarantine to `results`; raise `ValidationError`.

    The Data Docs are written either way, everything else only if nothing fails.
    """
    labels = tables.labels(raw)
    found = tables.with_origins(tables.read(raw), build)
    found["near_duplicate"] = group(raw, found)
    found["group"] = joined(found["near_duplicate"], found["group"])
    docs = build / "data_docs"
    with replacing(docs) as pages:
        passage = settle(found, labels, params, pages)
        offline(pages, passage.outcomes)
    if not all(outcome.success for outcome in passage.outcomes):
        raise ValidationError(passage.outcomes, docs)
    return _write(build, results, passage)


def settle(
    found: pd.DataFrame, labels: Sequence[str], params: Validate, docs: Path | None
) -> Passage:
    """Check the pictures; where bad ones go into quarantine, check what is left until none is."""
    from canting.data.validate import expectations  # imports Great Expectations: 6 seconds

    context = expectations.open_context(docs)
    left, aside = found, pd.DataFrame(columns=QUARANTINE, dtype="str")
    while True:
        name = "as found" if aside.empty else f"with {len(aside)} set aside"
        checks = [*picture_checks(params, len(left)), *class_checks(params)]
        both = {"pictures": tables.pictures(left, params), "classes": tables.classes(left, labels)}
        outcomes = expectations.check(context, both, checks, name)
        bad = _bad(outcomes)
        if params.on_bad == "stop" or bad.empty:
            return Passage(left, aside.sort_values("path"), outcomes)
        left = left[~left["path"].isin(bad["path"])]
        aside = pd.concat([aside, bad])


def _bad(outcomes: Sequence[CheckOutcome]) -> pd.DataFrame:
    rows = [
        (path, outcome.reason(value))
        for outcome in outcomes
        if not outcome.success and outcome.check.table == "pictures"
        for path, value in outcome.rows
    ]
    return pd.DataFrame(rows, columns=QUARANTINE, dtype="str").drop_duplicates("path")


def _write(build: Path, results: Path, passage: Passage) -> Counts:
    numbers = {name: number(passage.left[name]) for name in ("near_duplicate", "group")}
    left = passage.left.assign(**numbers)
    manifest.write(build / "manifest.parquet", left)
    not_taken = origins.read(build / origins.LEFT_OUT)
    not_taken["reason"] = "not fetched: " + not_taken["reason"]
    with replacing(results / "quarantine.csv") as aside:
        table = pd.concat([passage.aside, not_taken])
        table.to_csv(aside, index=False, lineterminator="\n")
    result = summary(passage.outcomes, len(left), len(passage.aside))
    write_json(results / "validation.json", result)
    found = left[left["warning"] != ""]
    warned = dict(zip(found["path"], found["warning"], strict=True))
    known = left[manifest.of_class(left)]
    return Counts(
        pictures=len(known),
        classes=known["label"].nunique(),
        groups=left["group"].nunique(),
        quarantined=len(passage.aside),
        warned=warned,
        unknown=len(left) - len(known),
    )
