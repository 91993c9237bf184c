"""`canting review`: decide doubtful labels on a local page."""

import argparse
import os
import secrets
import socket
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canting.core.errors import CantingError

if TYPE_CHECKING:
    from canting.cli.review.decisions import Decisions
    from canting.cli.review.doubts import DoubtfulLabels

ADDRESS = "127.0.0.1"
"""Nothing but this machine reaches the page."""

GRACE_SECONDS = 2
"""For requests that are being answered when the command is told to end."""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "review",
        help="decide doubtful labels on a local page",
        description="Shows the doubtful labels that the review stage lists, one at a time, on a "
        "page of this machine alone: keep, relabel, or leave the picture out. Every decision is "
        "saved at once, in relabel.csv; the next `dvc repro` follows it.",
    )
    parser.add_argument("--port", type=_port, default=0, help="port to listen on (a free one)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.set_defaults(run=_run)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number < 65536:
        raise argparse.ArgumentTypeError("expected a number from 0 to 65535")
    return number


def _run(arguments: argparse.Namespace) -> None:
    from canting.cli.review.decisions import Decisions
    from canting.cli.review.doubts import load

    root = Path()
    doubts, decisions = load(root), Decisions(root)
    if not doubts.shown:
        print("There is nothing to review: the review stage lists no doubtful label.")
        return
    with _listening(arguments.port) as listener:
        _serve(doubts, decisions, listener, quiet=arguments.no_browser)
    print(_outcome(doubts, decisions))


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
    except OSError as error:
        listener.close()
        raise CantingError(
            f"`--port`: expected a port that is free. Received: {port} ({error.strerror}). Name "
            "another one, or none."
        ) from None
    listener.listen()
    return listener


def _serve(
    doubts: "DoubtfulLabels", decisions: "Decisions", listener: socket.socket, *, quiet: bool
) -> None:
    """Answer until the page's button, or Ctrl+C, ends it."""
    import uvicorn

    from canting.cli.review.app import Session, create_app

    token = secrets.token_urlsafe(24)

    def end() -> None:
        server.should_exit = True

    app = create_app(Session(doubts, decisions, [], end), token)
    config = uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    address = f"http://{ADDRESS}:{listener.getsockname()[1]}/{token}/"
    print(f"{len(doubts.shown)} doubtful labels: {address}\nCtrl+C ends it.", flush=True)
    if not quiet and _has_screen():
        webbrowser.open(address)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return


def _has_screen() -> bool:
    """Return whether a browser would open in a window, and not in this terminal."""
    return sys.platform != "linux" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())


def _outcome(doubts: "DoubtfulLabels", decisions: "Decisions") -> str:
    from canting.cli.review.decisions import KEPT, counts

    made = decisions.made(doubts.shown)
    found = counts(doubts.shown, made)
    words = ", ".join(f"{count} {name}" for name, count in found.items() if count)
    lines = [f"{len(made)} of {len(doubts.shown)} decided{words and ': '}{words}."]
    if made:
        lines += [f"They are in `{decisions.path}`, which `fetch.relabel` in `params.yaml` names."]
    if len(made) > found[KEPT]:
        lines += ["Next: `dvc repro` trains on the corrected labels; keep both files with git."]
    elif made:
        lines += ["No label changes. Next: `dvc repro` doubts these no more."]
    return "\n".join(lines)
