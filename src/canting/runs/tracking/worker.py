"""The process that talks to MLflow; whoever starts it ends it where a server takes too long.

`python -m canting.runs.tracking.worker send` sends what waits in the outbox and sets the aliases;
`… fetch RUN FOLDER` and `… version NUMBER FOLDER` bring the files of a run. The last line of the
error stream tells what is wrong.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from canting.config.params import load
from canting.core import runtime
from canting.core.errors import CantingError
from canting.documents import read
from canting.runs import promotions
from canting.runs.tracking import outbox
from canting.runs.tracking.run import RefusedError
from canting.runs.tracking.snapshot import ABOUT, RunOrigin
from canting.runs.tracking.study import study
from canting.runs.tracking.uri import FILES, uri

if TYPE_CHECKING:
    from canting.runs.tracking.server import Server

PATIENCE = 3600.0
"""Seconds to wait for another sender; whoever started this process ends it before."""


def main(command: str, *arguments: str) -> None:
    """Do what the command line says, in the root of a repository."""
    from canting.runs.tracking.server import Server

    server = Server(uri(Path()), load(Path("params.yaml")).track.experiment)
    if command == "send":
        send(server, Path())
        return
    name, folder = arguments
    run = server.run_of(name) if command == "version" else name
    server.fetch(run, list(FILES), Path(folder))


def send(server: "Server", root: Path) -> None:
    """Send every snapshot that waits, each once; then let the aliases say what the log says."""
    with outbox.alone(root, PATIENCE):
        problems = [_send(server, entry) for entry in outbox.waiting(root)]
    server.align(promotions.aliases(promotions.read(root / promotions.PATH)))
    if any(problems):
        raise CantingError(" ".join(filter(None, problems)))


def _send(server: "Server", entry: Path) -> str:
    """Send a snapshot and take it out of the outbox; return what is wrong with it."""
    try:
        run, made = study(entry), read.record(entry / ABOUT, RunOrigin)["made"]
    except (CantingError, OSError, KeyError, TypeError, ValueError) as error:
        told = " ".join(f"{type(error).__name__} {error}".split())
        return f"`{entry}`: expected a complete snapshot. Received: {told[:200]}. Remove it."
    try:
        server.register(server.send(run, made), run)
    except RefusedError as error:
        return f"`{entry}`: {' '.join(str(error).split())[:300]} Fix it, or remove it."
    outbox.remove(entry)
    return ""


if __name__ == "__main__":
    os.environ.update(runtime.QUIET)
    try:
        main(*sys.argv[1:])
    except CantingError as error:
        sys.exit(str(error))
    except Exception as error:  # whatever MLflow raises: the caller tells it in one line
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
