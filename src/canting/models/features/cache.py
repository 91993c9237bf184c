"""Cached views, each with the seconds that it took."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np

from canting.core import files, parallel
from canting.core.cache import read_whole


class CachedView(NamedTuple):
    """The place of one view in the cache: an array, and beside it the seconds of cores it took.

    Both are there, or it is made again.
    """

    array: Path

    @property
    def note(self) -> Path:
        """The file of the seconds."""
        return self.array.with_suffix(".json")

    @property
    def cache(self) -> Path:
        """The folder of what is kept here."""
        return self.array.parents[1]

    @property
    def names(self) -> tuple[str, str]:
        """The names of both files below the cache."""
        folder = self.array.parent.name
        return f"{folder}/{self.array.name}", f"{folder}/{self.note.name}"

    def finish(self, seconds: float) -> None:
        """Note the seconds that the view took."""
        files.write_json(self.note, round(seconds, 3))

    def seconds(self) -> float:
        """Return the seconds that the view took when it was made."""
        return float(files.read_json(self.note))

    def is_whole(self, pictures: int) -> bool:
        """Return whether the view is here; if not, it is brought from what machines share.

        A damaged one is dropped, here and there, with a warning.
        """
        if self._is_here(pictures):
            return True
        if not parallel.bring(self.cache, self.names):
            return False
        if self._is_here(pictures):
            return True
        parallel.discard(self.names)
        return False

    def _is_here(self, pictures: int) -> bool:
        if not self.note.exists():
            return False
        return read_whole(self.array, lambda _: self._checked(pictures)) is not None

    def link(self, target: Path) -> None:
        """Put the array at `target` without a copy, where the file system can."""
        try:
            os.link(self.array, target)
        except OSError:
            shutil.copyfile(self.array, target)

    def _checked(self, pictures: int) -> float:
        array = np.load(self.array, mmap_mode="r")
        expected, received = array.offset + array.nbytes, self.array.stat().st_size
        if len(array) != pictures or expected != received:
            raise ValueError(
                f"expected {pictures} pictures in {expected} bytes, received {len(array)} in "
                f"{received}"
            )
        return self.seconds()
