"""Pictures in a folder of the user, which is read and never written."""

import os
import stat
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NoReturn

from canting.config.formats import LEAST_START
from canting.core.errors import CantingError
from canting.core.names import ignored
from canting.data.fetch.paths import HIDDEN, unread

CHUNK = 2**20
"""Bytes that are held in memory at once."""


class Folder:
    """The pictures under a folder; links are followed, as DVC may link files to its cache."""

    def __init__(self, root: Path) -> None:
        """List the folder, without reading a picture."""
        self.root = root
        self.pictures: dict[PurePosixPath, int] = {}
        self.folders: set[PurePosixPath] = set()
        self.others: dict[PurePosixPath, str] = {}
        self.links: set[PurePosixPath] = set()
        for folder, inner, files in os.walk(root, followlinks=True, onerror=_refuse):
            self._list(Path(folder), inner, files)

    def contents(
        self, paths: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, Iterator[bytes]]]:
        """Yield each of the pictures with its bytes, in the order of the paths."""
        for path in sorted(paths):
            yield path, _chunks(self.root / path)

    def _list(self, folder: Path, inner: list[str], files: list[str]) -> None:
        here = PurePosixPath(folder.relative_to(self.root).as_posix())
        hidden = {name for name in inner if ignored(name)}
        self.others.update((here / name, HIDDEN) for name in hidden)
        inner[:] = sorted(set(inner) - hidden)
        for name in inner:
            _check_loop(folder / name)
            self.folders.add(here / name)
        self.links.update(here / name for name in [*inner, *files] if _is_link(folder / name))
        for name in files:
            reason = unread(name, partial(_start, folder / name))
            if reason:
                self.others[here / name] = reason
            else:
                self.pictures[here / name] = _size(folder / name)


def _start(path: Path) -> bytes:
    """Return the first bytes of a regular file; nothing of a pipe or a device, which may block."""
    _size(path)
    try:
        with path.open("rb") as file:
            return file.read(LEAST_START)
    except OSError as error:
        _refuse(error)


def _check_loop(path: Path) -> None:
    if not _is_link(path):
        return
    there = path.resolve()
    if any(above.resolve().is_relative_to(there) for above in path.parents):
        raise CantingError(f"`{path}` is a link to a folder that contains it. Remove the link.")


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError as error:
        _refuse(error)


def _size(path: Path) -> int:
    try:
        status = path.stat()
    except OSError as error:
        _refuse(error)
    if not stat.S_ISREG(status.st_mode):
        raise CantingError(f"{str(path)!a} is not a regular file. Remove it.")
    return status.st_size


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        _refuse(error)


def _refuse(error: OSError) -> NoReturn:
    raise CantingError(
        f"{str(error.filename)!a} cannot be read: {error.strerror}. "
        "Make it readable, or remove it; links to DVC's cache come back with `dvc pull`."
    ) from None
