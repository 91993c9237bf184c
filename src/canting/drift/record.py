"""What drift has found, for programs."""

from typing import Any

from canting.drift.drift import Report
from canting.drift.verdict import Finding


def record(report: Report) -> dict[str, Any]:
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


def _signal(one: Finding) -> dict[str, Any]:
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
