"""Number the groups of near-duplicates in a folder of pictures."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from canting.core import files, parallel
from canting.data.near_duplicates.connection import connect
from canting.data.near_duplicates.signature import LENGTH
from canting.data.near_duplicates.sketch import RECORD, sketch

Rows = npt.NDArray[np.int64]

CHUNK = 4096
"""Signatures that are held in memory at once, where all are put in another order."""


def group(folder: Path, paths: Sequence[str], scratch: Path | None = None) -> Rows:
    """Return `(n,) int64`: the group of each picture, numbered by first appearance.

    `paths` are relative to `folder`. The same pictures get the same groups in any order and with
    any number of cores. What is compared lies in files without a name in `scratch`, 37 kB a
    picture; by default where the system has such files, which may be its memory. Raises
    `PictureError` for a picture that cannot be decoded, `OSError` where the disk has no room.
    """
    if not paths:
        return np.empty(0, np.int64)
    within, count = scratch or Path(tempfile.gettempdir()), len(paths)
    with (
        files.scratch(within, (count,), RECORD) as records,
        files.scratch(within, (count, LENGTH), np.float16) as signatures,
    ):
        # sorted by content, so that the order of the paths cannot matter
        contents = _read(folder, paths, signatures, records)
        _, firsts, distinct = np.unique(contents, return_index=True, return_inverse=True)
        with files.scratch(within, (len(firsts), LENGTH), np.float16) as in_order:
            for start in range(0, len(firsts), CHUNK):
                rows = slice(start, start + CHUNK)
                in_order[rows] = signatures[firsts[rows]]
            roots = connect(in_order, records, firsts)[distinct]
    return _by_first_appearance(roots)


def _read(
    folder: Path,
    paths: Sequence[str],
    signatures: npt.NDArray[np.float16],
    records: npt.NDArray[np.void],
) -> npt.NDArray[np.bytes_]:
    """Fill in signatures and records; return the digests of the pictures' squares.

    Who reads a picture writes its record: with slow disks, none wait in memory.
    """
    contents = np.empty(len(paths), "S64")

    def read(row: int) -> None:
        contents[row], signatures[row], records[row] = sketch(folder / paths[row])

    rows = range(len(paths))
    for _ in parallel.run(read, rows, label="near-duplicates: read", total=len(paths)):
        pass
    return contents


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
