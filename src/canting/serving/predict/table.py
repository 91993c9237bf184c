"""Answers as CSV, JSON or Parquet."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from canting.bundle.answer import Answer
from canting.core import files
from canting.core.errors import CantingError
from canting.serving.predict.chunk import Predicted

PROBABILITY = "probability "
"""Start of the columns of the classes; the label follows, so that a class may be named `path`."""

Row = dict[str, str | float | bool | None]
"""A row of the table: a file, its answer, and the probability of each class."""


def row(path: Path, answer: Answer) -> Row:
    """Return path, label, probability and abstained, and the probability of each class."""
    classes = {PROBABILITY + name: value for name, value in answer.probabilities.items()}
    return {
        "path": os.fsencode(path).decode("utf-8", "backslashreplace"),
        "label": answer.label,
        "probability": answer.probability,
        "abstained": answer.abstained,
        **classes,
    }


def rows(found: Iterable[Predicted]) -> list[Row]:
    """Return the rows of the files that have an answer."""
    return [row(one.path, one.answer) for one in found if one.answer]


def as_csv(rows: Sequence[Row], *, head: bool = True) -> bytes:
    """Return UTF-8, with a header if `head`; decimals have a point, truth is `true` and `false`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    if head:
        writer.writerow(rows[0])
    for one in rows:
        writer.writerow([_plain(value) for value in one.values()])
    return text.getvalue().encode()


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _write_csv(parts: Iterable[Sequence[Row]], file: BinaryIO) -> None:
    for number, part in enumerate(parts):
        file.write(as_csv(part, head=not number))


def _write_json(parts: Iterable[Sequence[Row]], file: BinaryIO) -> None:
    """Write a list of objects, with the names of the CSV's columns."""
    before = "[\n  "
    for one in (one for part in parts for one in part):
        text = json.dumps(one, indent=2, ensure_ascii=False, allow_nan=False)
        file.write((before + text.replace("\n", "\n  ")).encode())
        before = ",\n  "
    file.write(b"\n]\n")


ROW_GROUP = 10_000
"""Rows of a Parquet file that are compressed and read together, at least."""


def _write_parquet(parts: Iterable[Sequence[Row]], file: BinaryIO) -> None:
    """Write Parquet, compressed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = (pa.Table.from_pylist(list(part)) for part in parts)
    first = next(tables)
    with pq.ParquetWriter(file, first.schema, compression="zstd") as writer:
        waiting = [first]
        for one in tables:
            if sum(len(one) for one in waiting) >= ROW_GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
            waiting.append(one)
        writer.write_table(pa.concat_tables(waiting))


FORMATS: dict[str, Callable[[Iterable[Sequence[Row]], BinaryIO], None]] = {
    ".csv": _write_csv,
    ".json": _write_json,
    ".parquet": _write_parquet,
}
"""Ending of the file: how the parts of a table, of which none is empty, are written to it."""


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


def write(path: Path, parts: Iterable[Sequence[Row]]) -> None:
    """Write a table part after part, at least one row in all, whole or not at all."""
    try:
        with files.replacing(path) as aside, aside.open("wb") as file:
            FORMATS[path.suffix.lower()](filter(None, parts), file)
    except OSError as error:
        reason = error.strerror or error
        raise CantingError(f"`--out {path}` cannot be written: {reason}.") from None
