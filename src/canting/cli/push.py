"""`canting push`: a bundle and its card, onto the Hub of Hugging Face."""

import argparse
import sys
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "push",
        help="put the model and its card onto the Hub of Hugging Face",
        description="Upload a bundle and its model card as one commit; the repository is made if "
        "it is absent, and holds nothing else afterwards. The token is that of HF_TOKEN or of "
        "`hf auth login`.",
    )
    parser.add_argument("repository", help="hf:owner/name")
    parser.add_argument(
        "--bundle", type=Path, default=Path("build/best"), help="the model's folder (build/best)"
    )
    parser.add_argument(
        "--cards", type=Path, default=Path("build/cards"), help="folder of its card (build/cards)"
    )
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    parser.set_defaults(run=_run, project="optional", paths=("bundle", "cards"), extra="hub")


def _run(arguments: argparse.Namespace) -> None:
    from canting.runs.hub.push import push

    pushed = push(
        arguments.repository, arguments.bundle, arguments.cards, private=arguments.private
    )
    if pushed.left_out:
        print(f"not a bundle's, and left out: {', '.join(pushed.left_out)}", file=sys.stderr)
    print(pushed.address if pushed.is_new else f"{pushed.address} has the same bundle already")
    print(f"revision {pushed.commit}")
    print(f"to get it: canting pull {arguments.repository}@{pushed.commit}")
