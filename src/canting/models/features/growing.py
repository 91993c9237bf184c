"""Views that grow part by part, each once on the disk, and go on growing after a kill."""

import json
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from canting.core import files, parallel
from canting.core.cache import DAMAGED, read_whole
from canting.models.features.cache import CachedView

Rows = npt.NDArray[Any]
"""`(rows, …)`: a part of a view."""


class GrowingView(NamedTuple):
    """A view of so many pictures below `parts`: an array, and beside it a line for each part of it.

    A line has the part's rows, seconds, and the checksum that they were written with: what a killed
    process or a lost page left behind counts as never written.
    """

    view: CachedView
    pictures: int

    @property
    def array(self) -> Path:
        """The file that becomes the view."""
        return self.view.cache / "parts" / self.view.array.name

    @property
    def lines(self) -> Path:
        """The file of the lines."""
        return self.array.with_suffix(".jsonl")

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of the array, once a part of it is there."""
        return np.load(self.array, mmap_mode="r").shape if self.array.exists() else None

    def done(self) -> dict[range, float]:
        """Return the seconds of every part that is whole, by its rows; forget all others."""
        found = read_whole(self.array, self._checked) or {}
        if found:
            files.write_text(self.lines, "".join(found.values()))
        else:
            self.lines.unlink(missing_ok=True)
        return {rows: float(json.loads(line)["seconds"]) for rows, line in found.items()}

    def add(self, rows: range, made: Rows, seconds: float) -> None:
        """Write a part; the first one takes the room for all, or raises `OSError`."""
        if not self.array.exists():
            self.lines.unlink(missing_ok=True)
            with files.writing(self.array, (self.pictures, *made.shape[1:]), made.dtype):
                pass
        array = np.load(self.array, mmap_mode="r+")
        array[rows.start : rows.stop] = made
        said = {"rows": [rows.start, rows.stop], "seconds": seconds, "crc": _checksum(made)}
        with self.lines.open("a", encoding="utf-8") as file:
            file.write(json.dumps(said) + "\n")

    def finish(self, seconds: float) -> None:
        """Make it the view, of which other machines get a copy; killed before the end, do it again.

        A note without an array is no view, so that the note comes first.
        """
        self.view.finish(seconds)
        parallel.share(dict(zip(self.view.names, (self.array, self.view.note), strict=True)))
        self.array.replace(self.view.array)
        self.lines.unlink(missing_ok=True)

    def _checked(self, path: Path) -> dict[range, str]:
        array = np.load(path, mmap_mode="r")
        if len(array) != self.pictures:
            raise ValueError(f"expected {self.pictures} pictures, received {len(array)}")
        text = self.lines.read_text(encoding="utf-8") if self.lines.exists() else ""
        found = {}
        for line in text.splitlines(keepends=True):
            try:
                said = json.loads(line)
                rows = range(*said["rows"])
                whole = _checksum(array[rows.start : rows.stop]) == said["crc"]
            except DAMAGED:
                continue  # the last line of a killed process
            if whole and line.endswith("\n"):
                found[rows] = line
        return found


def _checksum(made: Rows) -> int:
    return crc32(np.ascontiguousarray(made).data)
