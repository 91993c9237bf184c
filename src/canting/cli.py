"""The command `canting`."""

import argparse
import sys

from canting.commands import drift, history, paint, predict, results, serve, show, study, tune
from canting.core.errors import CantingError

COMMANDS = (
    show,
    results,
    predict,
    serve,
    study,
    tune,
    history,
    drift,
    paint,
)


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
    for command in COMMANDS:
        command.add(commands)
    return parser
