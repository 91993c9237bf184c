"""Recommended steps after a verdict."""

from collections.abc import Iterator, Sequence

from canting.serving.drift.drift import DriftReport
from canting.serving.drift.verdict import DriftFinding, SignalState, Verdict

UNKNOWN = frozenset({"unlikeness", "abstentions"})
"""Signals that strangers raise too."""


def advice(report: DriftReport) -> Iterator[str]:
    """Yield the steps that follow, in their order."""
    if report.verdict is Verdict.RETRAIN:
        yield from _retrain(report)
    elif report.verdict is Verdict.WATCH:
        yield "Look at the recent pictures on the history page, and run this again later."
    if report.unknown:
        names = ", ".join(f"{label} ({count})" for label, count in report.unknown.items())
        yield f"People chose classes that the model does not have: {names}. Consider adding them."


def _retrain(report: DriftReport) -> Iterator[str]:
    seen = report.seen
    refused = len(seen.rows) - len(seen.answered)
    changed = {one.signal.name for one in report.findings if one.state is SignalState.CHANGED}
    if refused and changed & UNKNOWN:
        yield (
            f"Look at the {refused} refused pictures on the history page. Those of "
            "other things were refused correctly; if all are, no training is needed."
        )
    yield (
        f"Label the pictures there: {sum(report.named.values())} of {len(seen.rows)} have a label "
        "from a person so far, and only these can be trained on."
    )
    yield "`canting history export corrections` writes them as a labelled folder."
    yield (
        "Add its class folders to those of the training data, then `dvc add data`, `dvc repro`, "
        "and put the new bundle in place."
    )


HEAD = ("signal", "out of fold", "recent", "worse by", "matters from", "p", "finding")

ALWAYS = ("class mix", "accuracy")
"""Signals that the table does not say enough of."""


def text(report: DriftReport) -> str:
    """Return a table of the signals, the verdict, and what to do next."""
    parts = [_seen(report), _table(report.findings), _details(report.findings), _verdict(report)]
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part)


def _seen(report: DriftReport) -> Iterator[str]:
    seen, rows = report.seen, report.seen.rows
    period = (
        f" from {rows[-1].created:%Y-%m-%d} to {rows[0].created:%Y-%m-%d} (UTC)" if rows else ""
    )
    yield f"Model {report.model}: {len(rows)} recent pictures{period}."
    if seen.others or seen.repeats:
        repeats = f"{seen.repeats} repeats of a picture"
        yield f"Left out: {seen.others} answers of other models, {repeats}."


def _table(found: Sequence[DriftFinding]) -> Iterator[str]:
    if not found:
        return
    rows = [HEAD, *map(_cells, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def _cells(one: DriftFinding) -> tuple[str, ...]:
    signal = one.signal
    return (
        signal.name,
        _figure(signal.name, signal.before),
        _figure(signal.name, signal.now, upper="at most "),
        points(signal.effect),
        points(signal.limit),
        _chance(one.p_value),
        finding(one),
    )


def _figure(name: str, value: float | None, upper: str = "") -> str:
    if value is None:
        return "see below"
    if name == "unlikeness":
        return f"median {value:.2f}"
    if name == "accuracy":
        return f"{upper}{value:.1%}"
    return f"mean {value:.0%}" if name == "confidence" else f"{value:.0%}"


def points(share: float) -> str:
    """Return a difference of shares in percentage points."""
    return f"{100 * share:.0f} points"


def finding(one: DriftFinding) -> str:
    """Return what is found of a signal in a few words."""
    if one.state is not SignalState.FEW:
        return str(one.state)
    if one.signal.needed is None:
        return "too few training pictures to tell"
    return f"too few to tell: {one.signal.pictures}, needs about {one.signal.needed}"


def _chance(p_value: float | None) -> str:
    if p_value is None:
        return "–"
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _details(found: Sequence[DriftFinding]) -> Iterator[str]:
    for one in found:
        if one.state in (SignalState.CHANGED, SignalState.SMALL) or one.signal.name in ALWAYS:
            yield f"{one.signal.name}: {one.signal.detail}."
    if found and "accuracy" not in {one.signal.name for one in found}:
        yield "accuracy: not known; nobody has confirmed or corrected an answer."


def _verdict(report: DriftReport) -> Iterator[str]:
    yield f"Verdict: {sentence(report)}"
    yield from (f"  {number}. {line}" for number, line in enumerate(advice(report), start=1))


def sentence(report: DriftReport) -> str:
    """Return the verdict with its reason."""
    changed = [one.signal.name for one in report.findings if one.state is SignalState.CHANGED]
    little = [one.signal.name for one in report.findings if one.state is SignalState.SMALL]
    if report.verdict is Verdict.FEW:
        many = "more training pictures" if report.needed is None else f"about {report.needed}"
        return f"{report.verdict}: {len(report.seen.rows)} pictures, needs {many}."
    if changed or report.verdict is Verdict.WATCH:
        return f"{report.verdict}: {', '.join(changed or little)} changed."
    return f"{report.verdict} that matters."
