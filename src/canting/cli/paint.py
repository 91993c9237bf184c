"""`canting paint`: the embedded pictures."""

import argparse
from pathlib import Path
from typing import Any

from canting.core.errors import CantingError


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("paint", help="paint the embedded batik pictures")
    parser.add_argument("folder", type=Path, help="folder to write, one folder a class")
    parser.set_defaults(run=_run, project="stay")


def _run(arguments: argparse.Namespace) -> None:
    from canting.painter import PER_CLASS, SEED, paint_folder

    folder = arguments.folder
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise CantingError(
            f"`{folder}`: expected a name that is free, or an empty folder. Received: "
            f"{'a folder with files in it' if folder.is_dir() else 'a file'}. Choose another name."
        )
    paint_folder(folder, seed=SEED, per_class=PER_CLASS)
