"""One group for a picture and its near-duplicates."""

from pathlib import Path

import numpy as np
import pandas as pd

from canting import near_duplicates


def group(raw: Path, records: pd.DataFrame) -> "pd.Series[int]":
    """Return a group for each record; equal bytes always share one.

    Near-duplicates are sought among the decodable pictures, one of each content. What cannot be
    decoded gets groups of its own.
    """
    decodable = records[records["error"].isna()].drop_duplicates("sha256")
    paths = decodable["path"].tolist()
    found = near_duplicates.group(raw, paths).tolist() if paths else []
    of_content = dict(zip(decodable["sha256"], found, strict=True))
    content = records["sha256"].where(records["sha256"].notna(), records["path"])
    return number(content.map(lambda key: of_content.get(key, key)))


def number(groups: "pd.Series[int]") -> "pd.Series[int]":
    """Number groups 0, 1, 2, … in the order of their first rows."""
    codes, _ = pd.factorize(groups)
    return pd.Series(codes.tolist(), index=groups.index, dtype=np.int64, name="group")
