"""The command `canting`."""

import argparse
import sys

from canting.cli import (
    compare,
    drift,
    history,
    paint,
    predict,
    promote,
    serve,
    show,
    study,
    track,
    tune,
)
from canting.cli.clean import command as clean
from canting.cli.doctor import command as doctor
from canting.core.errors import CantingError

COMMANDS = (
    show,
    predict,
    serve,
    study,
    tune,
    compare,
    track,
    promote,
    history,
    drift,
    paint,
    doctor,
    clean,
)


def main() -> None:
    """Run a command; an error that the user can fix is one clear line and exit code 1."""
    arguments = parser().parse_args()
    try:
        arguments.run(arguments)
    except CantingError as error:
        sys.exit(f"canting {arguments.command}: {error}")


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    found = argparse.ArgumentParser(prog="canting", description=__import__("canting").__doc__)
    commands = found.add_subparsers(dest="command", required=True, metavar="command")
    for command in COMMANDS:
        command.add(commands)
    return found
