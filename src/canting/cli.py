"""The command `canting`."""

import argparse
import contextlib
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
    serve = commands.add_parser("serve", help="show them as a page, on this machine alone")
    serve.add_argument("--port", type=int, default=3000, help="port to listen on (3000)")
    serve.set_defaults(run=_serve)
    study = commands.add_parser("study", help="run a study file as one experiment, or list them")
    study.add_argument("file", nargs="?", type=Path, help="changes to params.yaml; empty: the list")
    study.add_argument(
        "-S",
        action="append",
        default=[],
        dest="assignments",
        metavar="key=value",
        help="a further change, such as fetch.source=/my/pictures",
    )
    study.set_defaults(run=_study)
    tune = commands.add_parser("tune", help="print what the search for good settings found")
    tune.add_argument("--apply", action="store_true", help="write the setting into params.yaml")
    tune.set_defaults(run=_tune)
    paint = commands.add_parser("paint", help="paint the embedded batik pictures")
    paint.add_argument("folder", type=Path, help="folder to write, one folder a class")
    paint.set_defaults(run=_paint)
    return parser


def _show(_: argparse.Namespace) -> None:
    from canting.show import show

    print(show())


def _serve(arguments: argparse.Namespace) -> None:
    from canting.page import server

    with server(arguments.port) as pages, contextlib.suppress(KeyboardInterrupt):
        print(f"http://{pages.server_name}:{pages.server_port} (Ctrl+C ends)", flush=True)
        pages.serve_forever()


def _study(arguments: argparse.Namespace) -> None:
    from canting.study import experiment

    if arguments.file is None:
        print(experiment.listed())
    else:
        experiment.run(arguments.file, arguments.assignments)


def _tune(arguments: argparse.Namespace) -> None:
    from canting.tune import apply

    print(apply.apply(Path("params.yaml")) if arguments.apply else apply.told())


def _paint(arguments: argparse.Namespace) -> None:
    from canting.painter import PER_CLASS, SEED, paint_folder

    paint_folder(arguments.folder, seed=SEED, per_class=PER_CLASS)
