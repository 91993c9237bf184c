"""`canting track`: send runs to MLflow."""

import argparse
import sys
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("track", help="send the runs that MLflow does not have yet")
    parser.add_argument(
        "--seconds", type=float, default=600, help="the most that sending may take (600)"
    )
    parser.set_defaults(run=_run, extra="train,track")


def _run(arguments: argparse.Namespace) -> None:
    from canting.runs.tracking.commands import track

    delivery = track(Path(), arguments.seconds)
    print(delivery, file=sys.stderr if delivery.problem else sys.stdout)
    sys.exit(1 if delivery.problem else 0)
