"""`canting history`: the stored answers and pictures of the service."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from canting.core.errors import CantingError


class _Places(NamedTuple):
    url: str
    pictures: str | None


def add(commands: Any) -> None:
    """Declare the command and its actions."""
    parser = commands.add_parser("history", help="export corrections, delete old entries, check")
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    export = _action(actions, "export", "corrected pictures as a labelled folder", _export)
    export.add_argument("folder", type=Path, help="folder to add them to, one folder a label")
    prune = _action(actions, "prune", "delete entries beyond the limits", _prune)
    prune.add_argument("--days", type=_whole, help="delete entries older than this")
    prune.add_argument("--max-bytes", type=_whole, help="delete the oldest beyond this size")
    _action(actions, "check", "look for damage; nothing is changed", _check)


def _action(
    actions: Any, name: str, words: str, run: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=words)
    parser.add_argument("--history", metavar="URL", help="database (CANTING_HISTORY_URL)")
    parser.add_argument("--pictures", metavar="URL", help="pictures (CANTING_PICTURES_URL)")
    parser.set_defaults(
        run=run,
        project="optional",
        paths=("folder",),
        urls=("history", "pictures"),
        extra="serve",
    )
    return parser


def _export(arguments: argparse.Namespace) -> None:
    from canting.serving.service.history import open_history

    places = _places(arguments)
    history = open_history(places.url, places.pictures, make=False)
    counts = history.export_corrections(arguments.folder)
    history.close()
    names = ", ".join(f"{label} {count}" for label, count in counts.items())
    print(f"{sum(counts.values())} new in {arguments.folder}{names and ': '}{names}")


def _prune(arguments: argparse.Namespace) -> None:
    from canting.serving.service.history import open_history
    from canting.serving.service.history.upkeep import HistoryLimits
    from canting.serving.service.settings import from_environment

    settings, places = from_environment(), _places(arguments)
    days = arguments.days or settings.history_days
    max_bytes = arguments.max_bytes or settings.history_max_bytes
    history = open_history(places.url, places.pictures, make=False)
    deleted = history.retain(HistoryLimits(days, max_bytes))
    history.close()
    print(f"{deleted} deleted (older than {days or 'any'} days, above {max_bytes or 'any'} bytes)")


def _check(arguments: argparse.Namespace) -> None:
    from canting.serving.service.history.examine import examine

    found = examine(*_places(arguments))
    print(
        f"{found.entries} entries, {found.corrected} corrected, "
        f"{found.picture_bytes} bytes of pictures, {len(found.orphans)} pictures without entry"
    )
    if found.lost:
        raise CantingError(
            f"{len(found.lost)} entries have lost their picture: {', '.join(found.lost[:10])}. "
            "Restore a copy of the pictures, or delete these entries."
        )


def _places(arguments: argparse.Namespace) -> _Places:
    from canting.serving.service.settings import from_environment

    settings = from_environment()
    url = arguments.history or settings.history_url
    if settings.history == "off" and not arguments.history:
        raise CantingError("`CANTING_HISTORY` is off. Name the database with `--history`.")
    return _Places(url, arguments.pictures or settings.pictures_url)


def _whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("expected at least 1")
    return number
