"""Cached views, each with the seconds that it took."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np

from canting.core import files
from canting.core.cache import read_whole


class CachedView(NamedTuple):
    """The place of one view in the cache: an array, and beside it the seconds it took.

    The seconds are written last, so that a view with them is whole.
    """

    array: Path

    @property
    def note(self) -> Path:
        """The file of the seconds."""
        return self.array.with_suffix(".json")

    def finish(self, seconds: float) -> None:
        """Note the seconds that the view took."""
        files.write_json(self.note, round(seconds, 3))

    def seconds(self) -> float:
        """Return the seconds that the view took when it was made."""
        return float(files.read_json(self.note))

    def is_whole(self, pictures: int) -> bool:
        """Return whether the view is there; a damaged one is dropped with a warning."""
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
