"""`canting predict`: classify pictures with a bundle."""

import argparse
import warnings
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from canting.config.sections import EXPECTED, Compute
from canting.core.errors import CantingError


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "predict",
        help="classify files and folders with the model of the last run",
        description="Classify pictures. Folders are searched for pictures by content, whatever "
        "they are named; what is not read is listed or counted on standard error. Exit code 0: at "
        "least one picture was predicted; 1: none was, or a path does not exist (then nothing is "
        "written). With more than 500 files, the same command goes on where it was interrupted.",
    )
    parser.add_argument(
        "paths",
        nargs="+",
        help="files, folders (to any depth) or patterns; -: one picture from standard input",
    )
    parser.add_argument("--bundle", type=Path, help="the model's folder (the project's build/best)")
    parser.add_argument(
        "--out", type=Path, help="table to write: .csv, .json or .parquet; else CSV is printed"
    )
    parser.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="head of a Ray cluster that classifies more than 500 files; its nodes see them under "
        "the same paths",
    )
    parser.add_argument(
        "--storage", metavar="ADDRESS", help="folder or address (s3://…) that all nodes see"
    )
    parser.set_defaults(run=_run, project="stay", extra="cluster")


def _run(arguments: argparse.Namespace) -> None:
    from canting.serving.predict.predict import predict

    warnings.filterwarnings("ignore", module=r"PIL\.")
    bundle = arguments.bundle or arguments.root / "build" / "best"
    predict(arguments.paths, bundle, arguments.out, arguments.root, _compute(arguments))


def _compute(arguments: argparse.Namespace) -> Compute:
    """Return where the work is done; raise `CantingError` for an option that does not fit."""
    asked = {key: getattr(arguments, key) for key in EXPECTED}
    if not any(asked.values()):
        return Compute()
    for key, given in asked.items():
        if given is None:
            raise CantingError(
                f"`--{key}`: expected {EXPECTED[key]}, as the other option is given. Received: "
                "nothing. Give both, or neither."
            )
    try:
        return Compute.model_validate({"engine": "ray", **asked})
    except ValidationError as error:
        (first, *_) = error.errors()
        key = str(first["loc"][0])
        raise CantingError(
            f"`--{key}`: expected {first['ctx']['error']}. Received: {asked[key]}."
        ) from None
