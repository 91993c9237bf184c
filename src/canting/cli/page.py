"""`canting page`: the model as a page that runs in the browser."""

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "page",
        help="write a web page in which the model runs in the browser, without a server",
        description="Write a folder of files that any web server shows, and GitHub Pages too: the "
        "model runs in the visitor's browser, and pictures never leave it. `make page` installs "
        "what this needs, LiteRT.js, and runs this command.",
    )
    parser.add_argument(
        "folder", type=Path, nargs="?", help="folder to write (the project's build/page)"
    )
    parser.add_argument("--bundle", type=Path, help="the model's folder (the project's build/best)")
    parser.add_argument(
        "--node-modules", type=Path, help="folder with LiteRT.js (the project's web/node_modules)"
    )
    parser.set_defaults(run=_run, project="optional", paths=("folder", "bundle", "node_modules"))


def _run(arguments: argparse.Namespace) -> None:
    from canting.serving.page.build import build
    from canting.serving.page.runtime import FOLDER

    built = build(
        arguments.bundle or Path("build") / "best",
        arguments.folder or Path("build") / "page",
        arguments.node_modules or FOLDER,
    )
    print(
        f"{built.folder}: {built.files} files, {built.bytes / 1e6:.1f} MB. To look at it: "
        f"`python -m http.server --directory {built.folder}`"
    )
