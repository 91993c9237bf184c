"""Compare the recent answers of a history with the out-of-fold answers of a bundle."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from canting.bundle import card, reference
from canting.serving.drift import verdict
from canting.serving.drift.limits import USUAL, DriftLimits
from canting.serving.drift.signals import signals
from canting.serving.drift.verdict import DriftFinding, Verdict
from canting.serving.drift.window import Window, window
from canting.serving.service.history import Filter, History


class DriftReport(NamedTuple):
    """What drift has found.

    `named` counts the answers that people confirmed or corrected, by their label; `unknown` those
    of them whose label the model does not have. `needed` is about how many pictures it takes to
    tell, none where the training pictures are too few.
    """

    model: str
    seen: Window
    findings: tuple[DriftFinding, ...]
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
    limits: DriftLimits = USUAL,
) -> DriftReport:
    """Compare the answers since a time, at most the `last`, with those out of fold.

    Only the card of the bundle is read. Raises `BundleError` where there is none, `CantingError`
    where it holds no reference, `HistoryError` where the history cannot be read.
    """
    said = card.read(bundle / "card.json")
    known = reference.read(bundle / "card.json")
    seen = window(history.all(Filter(since=since)), said.digest, last)
    found = verdict.findings(list(signals(seen, known, limits)), limits)
    named = Counter(row.corrected for row in seen.rows if row.corrected is not None)
    return DriftReport(
        model=f"{said.scenario.get('backbone', 'model')}-{said.digest[:8]}",
        seen=seen,
        findings=tuple(found),
        verdict=verdict.verdict(found),
        needed=verdict.needed(found, len(seen.rows), limits),
        named=dict(sorted(named.items())),
        unknown={name: n for name, n in sorted(named.items()) if name not in said.labels},
    )


def record(report: DriftReport) -> dict[str, object]:
    """Return the report as what JSON can hold."""
    rows = report.seen.rows
    return {
        "verdict": report.verdict.value,
        "model": report.model,
        "pictures": len(rows),
        "needed": report.needed,
        "first": rows[-1].created.isoformat() if rows else None,
        "last": rows[0].created.isoformat() if rows else None,
        "other_models": report.seen.others,
        "repeats": report.seen.repeats,
        "signals": [_signal(one) for one in report.findings],
        "named_by_people": report.named,
        "unknown_classes": report.unknown,
    }


def _signal(one: DriftFinding) -> dict[str, object]:
    signal = one.signal
    return {
        "name": signal.name,
        "finding": one.state.value,
        "effect": signal.effect,
        "limit": signal.limit,
        "p_value": signal.p_value,
        "p_holm": one.p_value,
        "pictures": signal.pictures,
        "needed": signal.needed,
        "before": signal.before,
        "now": signal.now,
        "detail": signal.detail,
    }
