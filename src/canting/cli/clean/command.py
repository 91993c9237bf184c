"""`canting clean`: remove cached files that no parameter needs any more."""

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "clean",
        help="remove cached views, trunks and trainings that no parameter needs",
        description="Without --yes, only list what would be removed. What params.yaml needs, "
        "with all its scenarios and searches, stays. What is removed is computed again if an "
        "earlier params.yaml, or earlier code, is used.",
    )
    parser.add_argument("--yes", action="store_true", help="remove it")
    parser.add_argument(
        "--unfinished",
        action="store_true",
        help="remove unfinished trainings and searches of other parameters, and predictions, too",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from canting.cli.clean.current import needed_now
    from canting.cli.clean.remove import as_text, plan, remove
    from canting.config.stage import CACHE
    from canting.core.cache import unused

    needed = needed_now(Path())
    if not arguments.yes:
        print(as_text(plan(CACHE, needed), unfinished=arguments.unfinished))
        print("Nothing was removed. `canting clean --yes` removes them.")
        return
    with unused(CACHE):
        found = plan(CACHE, needed)
        going = [*found.idle, *(found.unfinished if arguments.unfinished else ())]
        print(as_text(found, unfinished=arguments.unfinished))
        remove(going, found.left)
    print("Removed.")
