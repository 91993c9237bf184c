"""Tables: their rows, typed where pandas' stubs leave types open, and digests of their columns."""

from typing import Any, cast
from weakref import ref

import pandas as pd

from canting.core import files

Row = dict[str, Any]
"""A row of a table by its columns; what a column holds is said where the table is made."""


def records(table: pd.DataFrame) -> list[Row]:
    """Return the rows of a table, all of whose columns are named by strings."""
    return cast("list[Row]", table.to_dict("records"))


def row_of(table: pd.DataFrame, name: str, column: str = "scenario") -> "pd.Series[Any]":
    """Return the row of a scenario, say, in a table that has one row for each."""
    return cast("pd.Series[Any]", table.set_index(column).loc[name])


_DIGESTS: dict[tuple[int, str], tuple["ref[pd.DataFrame]", str]] = {}


def digest(table: pd.DataFrame, *columns: str) -> str:
    """Return the SHA-256 of some columns, which is made once a table: it must not change after."""
    key = id(table), ",".join(columns)
    if key not in _DIGESTS:
        made = files.digest(table[list(columns)].to_csv(index=False))
        _DIGESTS[key] = ref(table, lambda _: _DIGESTS.pop(key)), made
    return _DIGESTS[key][1]
