"""Fold numbers and their meaning."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from canting.config.columns import FOLD, LABEL, UNKNOWN
from canting.core.errors import CantingError
from canting.core.files import replacing

HELD_OUT = -1
"""Fold number of a picture that no fold sees."""


COLUMNS = {
    "path": "string",
    "label": "string",
    "width": "int64",
    "height": "int64",
    "mode": "string",
    "format": "string",
    "bytes": "int64",
    "sha256": "string",
    "error": "string",
    "warning": "string",
    "brightness": "float64",
    "contrast": "float64",
    "sharpness": "float64",
    "near_duplicate": "int64",
    "group": "int64",
    "collection": "string",
    "split": "string",
}
"""Column and Arrow type: `path` is `label/file` under `build/raw`; sides are of the upright
picture, in pixels; `error` is why a picture could not be decoded, else null; `warning` has words
for what it lacks (`no_end`: the marker of its end), else it is empty; `brightness`,
`contrast` and `sharpness` are those of `canting.imaging.measures`; `near_duplicate` is the same for
a picture and its near-duplicates, `group` also for those that belong together by what is known from
outside; `collection` is where it comes from, `split` its part (train, val, test) if the source
brings one, else empty."""


def collections(pictures: pd.DataFrame) -> list[str]:
    """Return the names of the collections, each at the number of the fold that leaves it out.

    One that has pictures of no class alone is not among them: it has nothing to be left out for.
    """
    return sorted(pictures["collection"][of_class(pictures)].unique())


def of_class(pictures: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which rows are of a class, `(n,)`: all but those with the label `UNKNOWN`."""
    return (pictures[LABEL] != UNKNOWN).to_numpy(np.bool_)


def classes(pictures: pd.DataFrame) -> list[str]:
    """Return the classes, sorted: the labels in the order of the logits."""
    return sorted(pictures[LABEL][of_class(pictures)].unique())


def codes(pictures: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the place of each row's label among the classes, `(n,)`; `UNKNOWN` is behind them."""
    found = pd.Categorical(pictures[LABEL], [*classes(pictures), UNKNOWN]).codes
    return np.asarray(found, np.int64)


def tested_folds(table: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the fold that tests each row of a table of folds, `(n,)`.

    `HELD_OUT` where none does: in the hold-out, and for pictures of no class.
    """
    return np.where(of_class(table), table[FOLD].to_numpy(np.int64), HELD_OUT)


def write(path: Path, pictures: pd.DataFrame) -> None:
    """Write a manifest, whole or not at all; equal rows give equal bytes."""
    columns = [pa.array(pictures[name], type=kind) for name, kind in COLUMNS.items()]
    with replacing(path) as aside:
        pq.write_table(pa.table(columns, names=list(COLUMNS)), aside, compression="zstd")


def read(path: Path) -> pd.DataFrame:
    """Read a manifest back, in the order of its rows."""
    if not path.is_file():
        raise CantingError(f"There is no manifest `{path}`. Run `dvc repro validate` first.")
    try:
        table = pq.read_table(path, partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        received = f"Received: a file that is not Parquet ({error})."
        raise CantingError(
            f"`{path}` is not a manifest. {received} Run `dvc repro --force validate`."
        ) from None
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise CantingError(
            f"The manifest `{path}` should have the columns {', '.join(COLUMNS)}. "
            f"Received: none named {', '.join(missing)}. Run `dvc repro --force validate`."
        )
    frame: pd.DataFrame = table.select(list(COLUMNS)).to_pandas()
    return frame
