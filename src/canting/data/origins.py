"""Where each picture comes from, what was left out of the source, and how the source was read."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from canting.config.records import FetchRecord
from canting.config.tables import QUARANTINE
from canting.core.errors import CantingError
from canting.core.files import write_json, write_text
from canting.core.text import legible

ORIGINS, LEFT_OUT, RECORD = "origins.csv", "left_out.csv", "fetched.json"
"""Files in `build`."""


class Origin(NamedTuple):
    """A picture below `build/raw`: its collection, its path there and its label there, in words.

    `split` is its part of a split that the source brings; `group` is shared by pictures that belong
    together by what is known from outside. Both may be empty.
    """

    path: str
    collection: str
    source: str
    given: str
    split: str
    group: str


def write(
    build: Path, rows: Iterable[Origin], left_out: Mapping[str, str], record: FetchRecord
) -> None:
    """Write all three, each whole or not at all."""
    write_text(build / ORIGINS, _csv(Origin._fields, rows))
    write_text(build / LEFT_OUT, _csv(QUARANTINE, sorted(left_out.items())))
    write_json(build / RECORD, record)


def _csv(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([legible(cell) for cell in row] for row in rows)
    return text.getvalue()


def read(path: Path) -> pd.DataFrame:
    """Read a table of words back; raise `CantingError` where it is not there."""
    if not path.is_file():
        raise CantingError(f"There is no `{path}`. Run `dvc repro fetch` first.")
    return pd.read_csv(path, dtype="str", keep_default_na=False)
