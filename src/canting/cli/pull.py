"""`canting pull`: a bundle, from the Hub of Hugging Face."""

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "pull",
        help="get a model from the Hub of Hugging Face",
        description="Download a bundle, check it as a service would, and only then let it become "
        "the folder. What can hold code (Keras, pickle, …) is refused. A private repository needs "
        "HF_TOKEN or `hf auth login`.",
    )
    parser.add_argument(
        "repository", help="hf:owner/name, or hf:owner/name@revision (branch, tag or commit)"
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, help="where to put it (the name of the repository)"
    )
    parser.set_defaults(run=_run, project="stay", extra="hub")


def _run(arguments: argparse.Namespace) -> None:
    from canting.runs.hub.pull import pull

    pulled = pull(arguments.repository, arguments.folder)
    print(f"{pulled.folder}: {arguments.repository} at revision {pulled.commit} ({pulled.origin})")
    print(f"to use it: canting predict --bundle {pulled.folder} PICTURES")
