"""`canting show`: print the results of the last run."""

import argparse
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("show", help="print the results of the last run")
    parser.set_defaults(run=_run)


def _run(_: argparse.Namespace) -> None:
    from canting.documents.show import show

    print(show())
