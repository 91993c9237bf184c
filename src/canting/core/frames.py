"""Rows of tables, typed: pandas' stubs leave open what names a column, and what `.loc` returns."""

from typing import Any, cast

import pandas as pd

Row = dict[str, Any]
"""A row of a table by its columns; what a column holds is said where the table is made."""


def records(table: pd.DataFrame) -> list[Row]:
    """Return the rows of a table, all of whose columns are named by strings."""
    return cast("list[Row]", table.to_dict("records"))


def row_of(table: pd.DataFrame, name: str, column: str = "scenario") -> "pd.Series[Any]":
    """Return the row of a scenario, say, in a table that has one row for each."""
    return cast("pd.Series[Any]", table.set_index(column).loc[name])
