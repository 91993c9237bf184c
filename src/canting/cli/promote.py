"""`canting promote`: make a model the champion by the test or by force, or roll back."""

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("promote", help="make a model the champion, if it is better")
    parser.add_argument(
        "version",
        nargs="?",
        help="number of a version in MLflow, or the beginning of a model's digest in the log; "
        "empty: the bundle of the last run",
    )
    parser.add_argument("--force", action="store_true", help="promote whatever the test says")
    parser.add_argument("--rollback", action="store_true", help="go back to the previous champion")
    parser.add_argument("--why", help="the reason, for the log")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from canting.config.params import load
    from canting.core.errors import CantingError
    from canting.runs.registry.promote import promote, roll_back
    from canting.runs.tracking.deliver import deliver

    settings = load(Path("params.yaml")).track
    if arguments.rollback and (arguments.force or arguments.version):
        raise CantingError("`--rollback` takes neither a version nor `--force`. Remove them.")
    if arguments.force != bool(arguments.why) and not arguments.rollback:
        raise CantingError('`--force` and `--why "…"` go together: the log keeps the reason.')
    why = arguments.why or None
    if arguments.rollback:
        print(roll_back(Path(), why=why))
    else:
        print(promote(arguments.version, Path(), why=why))
    if settings.enabled:
        print(deliver(Path(), settings.seconds))
