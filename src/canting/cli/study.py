"""`canting study`: a file of changes to `params.yaml`, run as one experiment."""

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("study", help="run a study file as one experiment, or list them")
    parser.add_argument(
        "file", nargs="?", type=Path, help="changes to params.yaml; empty: the list"
    )
    parser.add_argument(
        "-S",
        action="append",
        default=[],
        dest="assignments",
        metavar="key=value",
        help="a further change, such as fetch.source=/my/pictures; relative to the project",
    )
    parser.set_defaults(run=_run, paths=("file",))


def _run(arguments: argparse.Namespace) -> None:
    from canting.runs.study import experiment

    if arguments.file is None:
        print(experiment.listed(arguments.here))
    else:
        experiment.run(arguments.file, arguments.assignments)
