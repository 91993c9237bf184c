"""Archives: recognised by content, and checked before anything is written."""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from canting.core.errors import CantingError
from canting.core.names import ignored
from canting.data.fetch.paths import HIDDEN, unread

FAULTS = (
    EOFError,
    OSError,
    ValueError,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What Python's readers raise for damaged bytes."""

OPENERS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
"""How a compressed tar file is read, by its first bytes."""


class BrokenArchiveError(CantingError):
    """An archive that is damaged, cut off, or none at all."""


@contextmanager
def naming_faults(name: str) -> Iterator[None]:
    """Turn what a reader raises for damaged bytes into `BrokenArchiveError`."""
    try:
        yield
    except FAULTS as error:
        raise BrokenArchiveError(
            f"`{name}` is not a complete .zip or .tar archive: {error}. "
            "Download it again, or unpack it yourself and name the folder in `fetch.source`."
        ) from None


def inside(entry: str, name: str) -> PurePosixPath:
    """Return the path of an entry, or refuse one that leaves the archive's own folder."""
    path = PurePosixPath(entry.replace("\\", "/"))
    if path.is_absolute() or PureWindowsPath(entry).drive or ".." in path.parts:
        raise refusal(entry, name, "leaves its folder")
    return path


def refusal(entry: str, name: str, reason: str) -> CantingError:
    """Word why nothing of an archive is unpacked."""
    return CantingError(
        f"`{name}` was not unpacked: its entry {entry!a} {reason}. "
        "If you trust it, unpack it yourself and name the folder in `fetch.source`."
    )


class ArchiveListing:
    """The pictures and folders of an archive that messages call `name`."""

    def __init__(self, name: str) -> None:
        """Start with nothing."""
        self.name = name
        self.pictures: dict[PurePosixPath, int] = {}
        self.folders: set[PurePosixPath] = set()
        self.others: dict[PurePosixPath, str] = {}
        self.links: frozenset[PurePosixPath] = frozenset()

    def add_folder(self, path: PurePosixPath) -> None:
        """Take a folder and all that it lies in, unless one of them is hidden."""
        if not any(map(ignored, path.parts)):
            self.folders.update({path, *path.parents} - {PurePosixPath()})

    def add_file(self, path: PurePosixPath, size: int, start: Callable[[], bytes]) -> None:
        """Take a file, as a picture or not; refuse a duplicate. `start` reads its first bytes."""
        self.add_folder(path.parent)
        if path in self.pictures or path in self.others:
            raise refusal(str(path), self.name, "is listed twice")
        hidden = any(map(ignored, path.parts))
        reason = HIDDEN if hidden else unread(path.name, start)
        if reason:
            self.others[path] = reason
        else:
            self.pictures[path] = size
