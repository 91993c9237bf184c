"""`canting serve`: the service on the model of the last run."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canting.core.errors import CantingError

if TYPE_CHECKING:
    from canting.serving.service.settings import Settings

GRACE_SECONDS = 20
"""For the requests that are being answered when the service is told to end."""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("serve", help="serve the pages and the API of the trained model")
    parser.add_argument("--port", type=int, default=3000, help="port to listen on (3000)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--bundle", type=Path, help="folder of the model (build/best)")
    parser.set_defaults(run=_run, project="optional", paths=("bundle",), extra="serve")


def _run(arguments: argparse.Namespace) -> None:
    from canting.serving.service.settings import from_environment

    if arguments.bundle is not None:
        os.environ["CANTING_BUNDLE"] = str(arguments.bundle)
    settings = from_environment()
    _check(settings.bundle)
    _serve(settings, arguments.host, arguments.port)


def _check(bundle: Path) -> None:
    if not bundle.is_dir():
        raise CantingError(
            f"`{bundle}`: expected the folder of a trained model. Received: no folder. "
            "Train one: `make repro`. Or name one: `--bundle`."
        )


def _serve(settings: "Settings", host: str, port: int) -> None:
    """Answer in this process until a signal: no supervisor, and no port but this one."""
    import uvicorn

    from canting.serving.service.app import create_app
    from canting.serving.service.guard import connections

    connections.prepare()
    uvicorn.run(
        create_app(settings),
        host=host,
        port=port,
        backlog=connections.BACKLOG,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
