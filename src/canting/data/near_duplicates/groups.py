"""Number the groups of near-duplicates in a folder of pictures."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from canting.core import parallel
from canting.data.near_duplicates.connection import connect
from canting.data.near_duplicates.signature import LENGTH
from canting.data.near_duplicates.sketch import RECORD, sketch

Rows = npt.NDArray[np.int64]


def group(folder: Path, paths: Sequence[str]) -> Rows:
    """Return `(n,) int64`: the group of each picture, numbered by first appearance.

    `paths` are relative to `folder`. The same pictures get the same groups in any order and with
    any number of cores. Raises `PictureError` for a picture that cannot be decoded.
    """
    if not paths:
        return np.empty(0, np.int64)
    with tempfile.TemporaryFile() as file:
        contents, signatures, records = _read(folder, paths, file)
        # sorted by content, so that the order of the paths cannot matter
        _, firsts, distinct = np.unique(contents, return_index=True, return_inverse=True)
        roots = connect(signatures[firsts], records, firsts)[distinct]
    return _by_first_appearance(roots)


def _read(
    folder: Path, paths: Sequence[str], file: IO[bytes]
) -> tuple[list[str], npt.NDArray[np.float16], npt.NDArray[np.void]]:
    signatures = np.zeros((len(paths), LENGTH), np.float16)
    records = np.memmap(file, dtype=RECORD, mode="w+", shape=(len(paths),))
    tasks = (folder / path for path in paths)
    contents = []
    sketches = parallel.run(sketch, tasks, label="near-duplicates: read", total=len(paths))
    for row, (content, signature, record) in enumerate(sketches):
        contents.append(content)
        signatures[row], records[row] = signature, record
    return contents, signatures, records


def _by_first_appearance(labels: npt.NDArray[np.int64]) -> Rows:
    _, firsts, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(firsts), np.int64)
    rank[np.argsort(firsts)] = np.arange(len(firsts))
    return rank[inverse]


def leaked(groups: npt.ArrayLike, folds: npt.ArrayLike) -> int:
    """Return the number of pictures whose group also has a member in another fold.

    `groups` and `folds` are `(n,)` integers; row i is picture i.
    """
    members = np.asarray(groups)
    pairs = np.unique(np.stack([members, np.asarray(folds)], axis=1), axis=0)
    owners, folds_of = np.unique(pairs[:, 0], return_counts=True)
    return int(np.isin(members, owners[folds_of > 1]).sum())
