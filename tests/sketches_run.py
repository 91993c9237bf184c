"""The most bytes of memory that near-duplicates of made pictures take beside their files.

usage: python -m tests.sketches_run FOLDER PICTURES
"""

import sys
import tracemalloc
from pathlib import Path

import numpy as np
import numpy.typing as npt

from canting.data.near_duplicates import connection, groups
from canting.data.near_duplicates.signature import LENGTH
from canting.data.near_duplicates.sketch import RECORD, Sketch


def signatures(count: int) -> npt.NDArray[np.float16]:
    """Return what pictures of one palette are looked up by: alike in colour, else at random."""
    random = np.random.default_rng(0)
    found = np.ones((count, LENGTH)) + random.normal(0, 0.2, (count, LENGTH))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float16)


def main(folder: Path, count: int) -> None:
    found, record = signatures(count), np.zeros((), RECORD)
    paths = [f"{number:04d}" for number in range(count)]
    groups.sketch = lambda path: Sketch(path.name * 16, found[int(path.name)], record)  # type: ignore[attr-defined]
    connection.same = lambda *_: False  # type: ignore[attr-defined]
    groups.group(folder, paths[:200], folder)  # what it imports does not count
    tracemalloc.start()
    assert groups.group(folder, paths, folder).tolist() == list(range(count))
    print(tracemalloc.get_traced_memory()[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
