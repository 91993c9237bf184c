"""`canting export`: the winner of the last run in another format."""

import argparse
from pathlib import Path
from typing import Any

from canting.config.exports import EXPORT_FORMATS


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "export", help="write the winner in another format, if it answers as float32 does"
    )
    parser.add_argument("--format", required=True, choices=EXPORT_FORMATS, help="what to write")
    parser.add_argument("--to", type=Path, help="file to write (in the project's build/export)")
    parser.set_defaults(run=_run, paths=("to",))


def _run(arguments: argparse.Namespace) -> None:
    from canting.config.params import load
    from canting.config.stage import BUILD, CACHE, RESULTS
    from canting.core import parallel, runtime
    from canting.core.cache import used
    from canting.core.errors import CantingError

    name, params = arguments.format, load(Path("params.yaml"))
    if not (BUILD / "selected").is_dir():
        raise CantingError("expected `build/selected`. Received: none. Run `dvc repro` first.")
    runtime.prepare(threads=runtime.TAIL_THREADS)
    runtime.import_keras()
    from canting.evaluation.export import exports, record

    path = arguments.to or BUILD / "export" / EXPORT_FORMATS[name].file
    with used(CACHE), parallel.on(*params.engine()):
        winner = exports.Winner.of_run(params, BUILD, RESULTS, CACHE)
        table = exports.write_one(winner, name, path)
    print(*record.words(table), f"Written: {path}", sep="\n")
