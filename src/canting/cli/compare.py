"""`canting compare`: two runs side by side."""

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "compare", help="compare two runs: revisions, experiments, folders, runs in MLflow"
    )
    parser.add_argument("base", help="what to compare with, such as main")
    parser.add_argument("new", nargs="?", default=".", help="the run (., the working tree)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_const", dest="form", const="json")
    form.add_argument("--markdown", action="store_const", dest="form", const="markdown")
    parser.set_defaults(run=_run, form="text", paths=("base", "new"))


def _run(arguments: argparse.Namespace) -> None:
    from canting.runs.compare.find import between, written

    print(written(between(arguments.base, arguments.new, Path()), arguments.form), end="")
