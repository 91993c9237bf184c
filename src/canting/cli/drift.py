"""`canting drift`: compare recent pictures with the training pictures."""

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canting.core.errors import CantingError
from canting.serving.drift.limits import USUAL, DriftLimits

if TYPE_CHECKING:
    from canting.serving.drift.drift import DriftReport

RETRAIN = 3
"""Exit code of the verdict to train again."""

LAST = 500
"""Default number of recent pictures."""

LARGEST = 100_000

SHARES = {
    "unlikeness": "rise of the share of pictures beyond a distance",
    "abstentions": "rise of the share of refused pictures",
    "confidence": "rise of the share of answers below a probability",
    "mix": "share of answers whose class changed",
    "accuracy": "fall of the accuracy, by the corrections of people",
}
"""What each limit of a signal measures."""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "drift",
        help="compare recent pictures with the training data; say when to train again",
        description="Compare the recent answers of the history with the out-of-fold answers of "
        "the training pictures. A signal counts as changed if the difference is significant and "
        "large enough to matter. Exit code 0: nothing to do, or too few pictures to decide; "
        "3: train again; 1: an error.",
    )
    parser.add_argument("--bundle", type=Path, help="the model's folder (CANTING_BUNDLE)")
    parser.add_argument("--history", metavar="URL", help="database (CANTING_HISTORY_URL)")
    times = parser.add_mutually_exclusive_group()
    times.add_argument("--days", type=_whole, help="only the answers of the last days")
    times.add_argument("--since", type=_time, metavar="DATE", help="only answers since, in UTC")
    parser.add_argument(
        "--last", type=_whole, help=f"at most this many ({LAST}, or all with --days or --since)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    _add_limits(parser.add_argument_group("what counts as a change"))
    parser.set_defaults(
        run=_run, project="optional", paths=("bundle",), urls=("history",), extra="serve"
    )


def _add_limits(group: Any) -> None:
    chance = "chance of a false alarm, all signals together"
    group.add_argument(
        "--alpha", type=_share, default=USUAL.alpha, help=f"{chance} ({USUAL.alpha})"
    )
    least = f"fewest pictures for a verdict ({USUAL.least})"
    group.add_argument("--least", type=_whole, default=USUAL.least, help=least)
    for name, words in SHARES.items():
        usual = getattr(USUAL, name)
        group.add_argument(f"--{name}", type=_share, default=usual, help=f"{words} ({usual})")


def _run(arguments: argparse.Namespace) -> None:
    from canting.serving.drift.drift import record
    from canting.serving.drift.verdict import Verdict
    from canting.serving.drift.words import text

    report = _report(arguments)
    if arguments.json:
        print(json.dumps(record(report), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print(text(report))
    if report.verdict is Verdict.RETRAIN:
        sys.exit(RETRAIN)


def _report(arguments: argparse.Namespace) -> "DriftReport":
    from canting.serving.drift.drift import drift
    from canting.serving.service.history import open_history
    from canting.serving.service.settings import from_environment

    settings = from_environment()
    limits = DriftLimits(**{name: getattr(arguments, name) for name in DriftLimits._fields})
    since, last = _asked(arguments)
    url = arguments.history or settings.history_url
    if settings.history == "off" and not arguments.history:
        raise CantingError("`CANTING_HISTORY` is off. Name the database with `--history`.")
    history = open_history(url, None, make=False)
    try:
        bundle = arguments.bundle or settings.bundle
        return drift(history, bundle, since=since, last=last, limits=limits)
    finally:
        history.close()


def _asked(arguments: argparse.Namespace) -> tuple[datetime | None, int | None]:
    """Return since when, and how many at most."""
    if arguments.since is not None:
        return arguments.since, arguments.last
    if arguments.days is not None:
        return datetime.now(UTC) - timedelta(days=arguments.days), arguments.last
    return None, arguments.last or LAST


def _whole(text: str) -> int:
    number = int(text)
    if not 1 <= number <= LARGEST:
        raise argparse.ArgumentTypeError(f"expected 1 to {LARGEST}")
    return number


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError("expected a share between 0 and 1")
    return share


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("expected a date such as 2026-05-31") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
