"""The recent pictures of a history beside the training pictures of a bundle."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from canting.bundle import card, reference
from canting.drift import verdict
from canting.drift.limits import USUAL, Limits
from canting.drift.signals import signals
from canting.drift.verdict import Finding, Verdict
from canting.drift.window import Window, window
from canting.service.history import Filter, History


class Report(NamedTuple):
    """What drift has found.

    `named` counts the answers that people confirmed or corrected, by their label; `unknown` those
    of them whose label the model does not have. `needed` is about how many pictures it takes to
    tell, none where the training pictures are too few.
    """

    model: str
    seen: Window
    findings: tuple[Finding, ...]
    verdict: Verdict
    needed: int | None
    named: dict[str, int]
    unknown: dict[str, int]


def drift(
    history: History,
    bundle: Path,
    *,
    since: datetime | None = None,
    last: int | None = None,
    limits: Limits = USUAL,
) -> Report:
    """Compare the answers since a time, at most the `last`, with those out of fold.

    Only the card of the bundle is read. Raises `BundleError` where there is none, `CantingError`
    where it holds no reference, `HistoryError` where the history cannot be read.
    """
    said = card.read(bundle / "card.json")
    known = reference.read(bundle / "card.json")
    seen = window(history.all(Filter(since=since)), said.digest, last)
    found = verdict.findings(list(signals(seen, known, limits)), limits)
    named = Counter(row.corrected for row in seen.rows if row.corrected is not None)
    return Report(
        model=f"{said.scenario.get('backbone', 'model')}-{said.digest[:8]}",
        seen=seen,
        findings=tuple(found),
        verdict=verdict.verdict(found),
        needed=verdict.needed(found, len(seen.rows), limits),
        named=dict(sorted(named.items())),
        unknown={name: n for name, n in sorted(named.items()) if name not in said.labels},
    )
