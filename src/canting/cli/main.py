"""The command `canting`."""

import argparse
import os
import re
from pathlib import Path

from canting.cli import (
    compare,
    drift,
    export,
    history,
    page,
    paint,
    predict,
    promote,
    pull,
    push,
    serve,
    show,
    study,
    track,
    tune,
)
from canting.cli.clean import command as clean
from canting.cli.doctor import command as doctor
from canting.cli.extras import naming
from canting.cli.review import command as review
from canting.core.errors import CantingError, ending

COMMANDS = (
    show,
    predict,
    export,
    serve,
    push,
    pull,
    page,
    study,
    tune,
    review,
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
    with ending("canting"):
        arguments = parser().parse_args()
        arguments.here = Path.cwd()
        with ending(f"canting {arguments.command}"):
            arguments.root = _enter_project(arguments)
        where = f" (in {arguments.root})" if arguments.root != Path() else ""
        with ending(f"canting {arguments.command}{where}"), naming(arguments.extra):
            arguments.run(arguments)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands.

    A command says with `project` whether it is run in the project's folder: `needed`, `optional`,
    or `stay` where the user is; with `paths` and `urls`, which of its arguments name files; with
    `extra`, which extra of the package it needs.
    """
    found = argparse.ArgumentParser(
        prog="canting",
        description=__import__("canting").__doc__,
        epilog="Commands work from every folder of the project: paths that you name are relative "
        "to the folder you are in, those of params.yaml and of CANTING_… to the project.",
    )
    found.set_defaults(project="needed", paths=(), urls=(), extra="train")
    commands = found.add_subparsers(dest="command", required=True, metavar="command")
    for command in COMMANDS:
        command.add(commands)
    return found


def project(start: Path) -> Path | None:
    """Return the nearest folder from `start` upward that holds a project."""
    both = ("dvc.yaml", "params.yaml")
    folders = (start, *start.parents)
    return next((one for one in folders if all((one / name).is_file() for name in both)), None)


def _enter_project(arguments: argparse.Namespace) -> Path:
    """Go to the project's folder; return it, or `.` for the present one.

    What the user named is still meant from the present folder.
    """
    here: Path = arguments.here
    found = project(here)
    if found is None and arguments.project == "needed":
        raise CantingError(
            "expected a folder of a project, with `dvc.yaml` and `params.yaml` in it or above it. "
            f"Received: `{here}`. Go to your clone of the repository (`cd`), and run it there."
        )
    if found is None or found == here:
        return Path()
    if arguments.project != "stay":
        for name in (*arguments.paths, *arguments.urls):
            if (named := getattr(arguments, name, None)) is not None:
                setattr(arguments, name, _meant_from(here, named, url=name in arguments.urls))
        os.chdir(found)
    return found


def _meant_from(here: Path, named: Path | str, *, url: bool) -> Path | str:
    if isinstance(named, Path):
        return here / named
    if url:
        is_folder = "://" not in named
        return str(here / named) if is_folder else _SQLITE.sub(rf"\g<0>{here}/", named)
    is_run = named != "." and (here / named / "params.yaml").is_file()
    return str(here / named) if is_run else named


_SQLITE = re.compile(r"^sqlite[+\w]*:///(?!/|file:|:memory:|$)")
"""What precedes a relative path in SQLAlchemy's URL of a file."""
