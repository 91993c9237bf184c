"""The table of corrected labels: `canting review` writes it, the fetch stage follows it.

A row says that every picture whose bytes have a SHA-256 and whose label in the source is `given`
gets `label`; an empty `label` leaves it out, the same label says that a person confirmed it.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from canting.core import files
from canting.core.errors import CantingError
from canting.core.names import composed, is_unfit

COLUMNS = ("sha256", "given", "label", "path")

LEFT_OUT = ""
"""The label of a picture that is to be left out."""

DIGEST = re.compile("[0-9a-f]{64}")

Key = tuple[str, str]
"""The SHA-256 of a picture's bytes, and its label in the source."""


class Relabelled(NamedTuple):
    """What a picture is to be labelled; `path` tells people where it was, and decides nothing."""

    label: str
    path: str = ""


class RelabelError(CantingError):
    """A row, or the whole, of a table of corrected labels that cannot be followed."""

    def __init__(self, path: Path, line: int | None, expected: str, received: str) -> None:
        """Name the file, its line, what belongs there and what is there."""
        where = f"`{path}`, line {line}" if line else f"`{path}`"
        super().__init__(
            f"{where}: expected {expected}. Received: {received}. Correct it there, "
            "or take back what Git shows as changed."
        )


def read(path: Path) -> dict[Key, Relabelled]:
    """Read a table; raise `CantingError` that names the first line that cannot be followed."""
    rows: dict[Key, Relabelled] = {}
    for line, row in _lines(path, _text(path)):
        key, relabelled = _row(path, line, row)
        if key in rows:
            expected = "one row for each `sha256` and `given`"
            raise RelabelError(path, line, expected, f"a second one for {key[0]}, {key[1]!r}")
        rows[key] = relabelled
    return rows


def write(path: Path, rows: Mapping[Key, Relabelled]) -> None:
    """Write a table, whole or not at all, ordered by path: a change of one row is one line.

    Raises `CantingError` for a row that would not be read back.
    """
    for (digest, given), row in rows.items():
        _row(path, None, {"sha256": digest, "given": given, **row._asdict()})
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    ordered = sorted(rows.items(), key=lambda item: (item[1].path, item[0]))
    table.writerows((*key, row.label, row.path) for key, row in ordered)
    files.write_text(path, text.getvalue())


def _text(path: Path) -> str:
    try:
        # spreadsheets put a byte order mark first
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CantingError(
            f"`fetch.relabel`: expected a table of corrected labels. Received: no file `{path}`. "
            "Bring it back, or leave the key empty: `canting review` then writes a new one."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RelabelError(path, None, "a CSV file in UTF-8", str(error)) from None


def _lines(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(table, [])]
        if not set(COLUMNS[:3]) <= set(header) or len(set(header)) < len(header):
            expected = "the columns sha256, given, label and, if you like, path"
            raise RelabelError(path, 1, expected, ", ".join(header) or "an empty file")
        for values in table:
            if values and len(values) != len(header):
                expected = f"{len(header)} values, as in the header"
                raise RelabelError(path, table.line_num, expected, str(len(values)))
            if values:
                yield table.line_num, dict(zip(header, values, strict=True))
    except csv.Error as error:
        raise RelabelError(path, table.line_num, "CSV", str(error)) from None


def _row(path: Path, line: int | None, row: Mapping[str, str]) -> tuple[Key, Relabelled]:
    digest = row["sha256"].strip().lower()
    if not DIGEST.fullmatch(digest):
        raise RelabelError(path, line, "a SHA-256 of 64 hexadecimal digits", repr(row["sha256"]))
    given, label = (composed(row[name]) for name in ("given", "label"))
    if not is_label(given):
        raise RelabelError(path, line, f"in `given` {FIT}", repr(given))
    if label != LEFT_OUT and not is_label(label):
        raise RelabelError(path, line, f"in `label` {FIT}, or nothing", repr(label))
    return (digest, given), Relabelled(label, row.get("path", ""))


FIT = "text without `/`, `\\`, line breaks and control characters that does not start with a dot"


def is_label(text: str) -> bool:
    """Say whether a text can be a label, which is the name of a folder too."""
    if not text.strip() or text.startswith("."):
        return False
    return not (is_unfit(text) or "/" in text or "\\" in text)
