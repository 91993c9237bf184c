"""Decode all pictures into one memory-mapped array."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from canting.core import files, parallel
from canting.core.errors import CantingError
from canting.imaging import pictures
from canting.imaging.pictures import PictureError, Pixels


def decode_all(folder: Path, paths: Sequence[str], size: tuple[int, int], target: Path) -> None:
    """Write `(n, height, width, 3) uint8` to `target`, rows in the order of `paths`.

    Works on all cores and holds a few pictures at a time, however many there are and however slow
    the disk is: who decodes a picture writes it too.
    """
    with files.writing(target, (len(paths), *size, 3), np.uint8) as array:

        def decode(number: int) -> None:
            array[number] = _row(folder, size, paths[number])

        for _ in parallel.run(decode, range(len(paths)), label="decode", total=len(paths)):
            pass


def _row(folder: Path, size: tuple[int, int], path: str) -> Pixels:
    try:
        return pictures.pixels(folder / path, size)
    except PictureError as error:
        raise CantingError(f"`{path}` changed after it was validated: {error}.") from None
