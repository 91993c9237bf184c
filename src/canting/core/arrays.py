"""Arrays that are larger than memory, written as files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from canting.core import files


@contextmanager
def writing(path: Path, shape: tuple[int, ...], dtype: Any) -> Iterator[npt.NDArray[Any]]:
    """Yield a memory-mapped array that becomes the file `path` when all of it is written.

    Raises `OSError` at once where the disk has no room for it.
    """
    with files.replacing(path) as aside:
        array = np.lib.format.open_memmap(aside, mode="w+", dtype=dtype, shape=shape)
        _reserve(aside)
        yield array
        array.flush()


def _reserve(path: Path) -> None:
    """Take the room of a sparse file now: a disk that fills under a mapping kills the process."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
