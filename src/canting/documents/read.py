"""Tables and records of a run, read with the labels as they are."""

from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd

from canting.config.records import Selection
from canting.config.tables import WORDS
from canting.core import files
from canting.core.errors import CantingError


def table(path: Path) -> pd.DataFrame:
    """Read a CSV: words stay words, everything else is numbers, NaN where nothing stands."""
    frame = pd.read_csv(_there(path), dtype=str, keep_default_na=False)
    numbers = {name: _numbers(frame[name]) for name in map(str, frame) if name not in WORDS}
    return frame.assign(**numbers)


Record = TypeVar("Record")


def record(path: Path, kind: type[Record]) -> Record:  # noqa: ARG001
    """Read a JSON object, of a kind of `canting.config.records`."""
    content: Record = files.read_json(_there(path))
    return content


def with_ensemble(
    table: pd.DataFrame,
    selection: Selection,
    part: Literal["scores", "classes", "calibration", "folds"],
) -> pd.DataFrame:
    """Return a table of scenarios with the rows of an ensemble that was taken, if one was."""
    found = selection.get("ensemble", {}).get(part)
    if not found:
        return table
    rows = found if isinstance(found, list) else [found]
    return pd.concat([table, pd.DataFrame(rows)], ignore_index=True)


def _numbers(column: "pd.Series[str]") -> Any:
    plain = column.replace({"": "nan", "True": "1", "False": "0"})
    try:
        return plain.astype(np.int64)
    except ValueError:
        return plain.map(float)


def _there(path: Path) -> Path:
    if not path.is_file():
        raise CantingError(
            f"`{path}`: expected a file that an earlier stage writes. Received: none. "
            "Run `dvc repro`."
        )
    return path
