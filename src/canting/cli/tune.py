"""`canting tune`: show or apply the tuned setting."""

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("tune", help="print what the search for good settings found")
    parser.add_argument("--apply", action="store_true", help="write the setting into params.yaml")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from canting.runs.study import apply

    print(apply.apply(Path("params.yaml")) if arguments.apply else apply.recommendation())
