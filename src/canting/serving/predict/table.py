"""Answers as CSV, JSON or Parquet."""

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from canting.bundle.answer import Answer
from canting.core import files
from canting.core.errors import CantingError

PROBABILITY = "probability "
"""Start of the columns of the classes; the label follows, so that a class may be named `path`."""

Row = dict[str, str | float | bool | None]
"""A row of the table: a file, its answer, and the probability of each class."""


class Answered(NamedTuple):
    """A file and its answer."""

    path: Path
    answer: Answer


def row(one: Answered) -> Row:
    """Return path, label, probability and abstained, and the probability of each class."""
    classes = {PROBABILITY + name: value for name, value in one.answer.probabilities.items()}
    return {
        "path": os.fsencode(one.path).decode("utf-8", "backslashreplace"),
        "label": one.answer.label,
        "probability": one.answer.probability,
        "abstained": one.answer.abstained,
        **classes,
    }


def as_csv(rows: Sequence[Row]) -> bytes:
    """Return UTF-8 with a header; decimals have a point, truth is `true` and `false`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    for one in rows:
        writer.writerow([_plain(value) for value in one.values()])
    return text.getvalue().encode()


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def as_json(rows: Sequence[Row]) -> bytes:
    """Return a list of objects, with the names of the CSV's columns."""
    return (json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def as_parquet(rows: Sequence[Row]) -> bytes:
    """Return Parquet, compressed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), buffer, compression="zstd")
    return buffer.getvalue()


FORMATS: dict[str, Callable[[Sequence[Row]], bytes]] = {
    ".csv": as_csv,
    ".json": as_json,
    ".parquet": as_parquet,
}
"""Ending of the file: how it is written."""


def check(path: Path) -> None:
    """Raise `CantingError` where a table could not be written to a path, before any work."""
    if path.suffix.lower() not in FORMATS or path.is_dir():
        raise CantingError(
            f"`--out`: expected a file that ends in {', '.join(FORMATS)}. Received: `{path}`."
        )
    if not path.parent.is_dir():
        raise CantingError(
            f"`--out {path}`: expected a file in a folder that exists. Received: no folder "
            f"`{path.parent}`. Make it (`mkdir -p {path.parent}`), or name another one."
        )
    if path.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        raise CantingError(
            f"`--out {path}`: Parquet needs the package `pyarrow`, which is not installed. "
            "Install it (`pip install pyarrow`), or name a file that ends in .csv or .json."
        )


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write a table, whole or not at all."""
    content = FORMATS[path.suffix.lower()](rows)
    try:
        with files.replacing(path) as aside:
            aside.write_bytes(content)
    except OSError as error:
        reason = error.strerror or error
        raise CantingError(f"`--out {path}` cannot be written: {reason}.") from None
