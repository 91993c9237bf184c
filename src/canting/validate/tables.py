"""The two tables that are checked: the pictures and the classes."""

import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd


def pictures(records: pd.DataFrame) -> pd.DataFrame:
    """Return one row a picture with what an expectation looks at.

    `twin_of`, `copy_of` and `also_under` name the other picture, else they are null.
    """
    sides = records[["width", "height"]]
    table = records[["path", "error", "mode"]].copy()
    table["short_side"] = sides.min(axis=1)
    table["long_side"] = sides.max(axis=1)
    table["twin_of"] = _first_alike(records["path"], records["path"].map(_folded))
    sound = records[records["error"].isna() & table["twin_of"].isna()]
    table["copy_of"] = _first_alike(sound["path"], sound["sha256"]).reindex(records.index)
    table["also_under"] = _under_another_label(records[records["error"].isna()], records.index)
    return table


def classes(records: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Return one row a label: how many decodable pictures and groups, and largest class ÷ this."""
    decodable = records[records["error"].isna()].groupby("label")
    table = pd.DataFrame({"label": list(labels)})
    table["pictures"] = table["label"].map(decodable.size()).fillna(0).astype(np.int64)
    table["groups"] = table["label"].map(decodable["group"].nunique()).fillna(0).astype(np.int64)
    # A class without pictures has no ratio; it fails for having too few.
    table["ratio"] = table["pictures"].max() / table["pictures"].where(table["pictures"] > 0)
    table["twin_of"] = _first_alike(table["label"], table["label"].map(_folded))
    return table


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).lower()


def _first_alike(paths: "pd.Series[str]", key: "pd.Series[str]") -> "pd.Series[str]":
    first = paths.groupby(key).transform("first")
    return first.where(key.duplicated(), pd.NA).astype("str")


def _under_another_label(records: pd.DataFrame, index: pd.Index) -> "pd.Series[str]":
    labels = records.groupby("group")["label"].transform("nunique")
    other = {
        row: group.loc[group["label"] != label, "path"].iloc[0]
        for _, group in records[labels > 1].groupby("group")
        for row, label in group["label"].items()
    }
    return pd.Series(other, dtype="str").reindex(index)
