"""`canting results`: the results of the last run as a page."""

import argparse
import contextlib
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("results", help="show them as a page, on this machine alone")
    parser.add_argument("--port", type=int, default=3000, help="port to listen on (3000)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from canting.documents.results_page import server

    with server(arguments.port) as pages, contextlib.suppress(KeyboardInterrupt):
        print(f"http://{pages.server_name}:{pages.server_port} (Ctrl+C ends)", flush=True)
        pages.serve_forever()
