"""The command `canting`."""

import argparse
import sys
from pathlib import Path

from canting.core.errors import CantingError


def main() -> None:
    """Run a command; an error that the user can mend is one clear line and exit code 1."""
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except CantingError as error:
        sys.exit(f"canting {arguments.command}: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="canting", description=__import__("canting").__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    show = commands.add_parser("show", help="print the results of the last run")
    show.set_defaults(run=_show)
    paint = commands.add_parser("paint", help="paint the embedded batik pictures")
    paint.add_argument("folder", type=Path, help="folder to write, one folder a class")
    paint.set_defaults(run=_paint)
    return parser


def _show(_: argparse.Namespace) -> None:
    from canting.show import show

    print(show())


def _paint(arguments: argparse.Namespace) -> None:
    from canting.painter import PER_CLASS, SEED, paint_folder

    paint_folder(arguments.folder, seed=SEED, per_class=PER_CLASS)
