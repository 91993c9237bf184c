"""`canting paint`: the embedded pictures."""

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("paint", help="paint the embedded batik pictures")
    parser.add_argument("folder", type=Path, help="folder to write, one folder a class")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from canting.painter import PER_CLASS, SEED, paint_folder

    paint_folder(arguments.folder, seed=SEED, per_class=PER_CLASS)
