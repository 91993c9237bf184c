"""Pictures in a .tar file, plain or compressed."""

import sys
import tarfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tqdm import tqdm

from canting.config.formats import LEAST_START
from canting.core.errors import CantingError
from canting.data.fetch.archive import ArchiveListing, inside, naming_faults, refusal
from canting.data.fetch.folder import CHUNK
from canting.data.fetch.limits import Meter

MOST_AT_ONCE = 16 * CHUNK
"""Bytes of one read; only a hostile header, held in memory as a whole, asks for more."""


class Tar(ArchiveListing):
    """The pictures of a .tar file; every entry is checked, also those that are not wanted."""

    def __init__(self, path: Path, meter: Meter, opener: Callable[..., Any]) -> None:
        """List the archive by reading it once to its end; refuse a hostile or broken one."""
        super().__init__(meter.name)
        self.path = path
        self._meter = meter
        self._opener = opener
        with naming_faults(self.name), self._unpacked(show=True) as file:
            stream = _Metered(file, meter)
            archive = _opened(stream)
            for entry in _entries(archive):
                meter.add(entry.size)
                self._list(archive, entry)
            while stream.read(CHUNK):
                pass

    def contents(
        self, paths: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, Iterator[bytes]]]:
        """Yield each of the pictures with its bytes, in the order of the archive."""
        wanted = set(paths)
        with naming_faults(self.name), self._unpacked(show=False) as file:
            archive = _opened(_Metered(file, self._meter))
            for entry in _entries(archive):
                path = inside(entry.name, self.name)
                if path in wanted:
                    yield path, self._chunks(archive, entry)

    @contextmanager
    def _unpacked(self, show: bool) -> Iterator[IO[bytes]]:
        bar: dict[str, Any] = {
            "total": self.path.stat().st_size,
            "desc": "checking",
            "disable": not show,
        }
        with (
            self.path.open("rb") as packed,
            tqdm.wrapattr(packed, "read", file=sys.stderr, mininterval=0.5, **bar) as counted,
            self._opener(counted) as file,
        ):
            yield file

    def _list(self, archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
        path = inside(entry.name, self.name)
        if entry.size < 0 or not (entry.isreg() or entry.isdir()):
            raise refusal(entry.name, self.name, "is a link, a device or of an unknown type")
        if entry.isdir():
            self.add_folder(path)
        else:
            self.add_file(path, entry.size, lambda: _start(archive, entry))

    def _chunks(self, archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Iterator[bytes]:
        with naming_faults(self.name):
            file = archive.extractfile(entry)
            while file and (chunk := file.read(CHUNK)):
                yield chunk


def _start(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(entry)
    return file.read(LEAST_START) if file else b""


class _Metered:
    """Reads an unpacked stream for `tarfile`, never further than the limits allow."""

    def __init__(self, file: IO[bytes], meter: Meter) -> None:
        self._file = file
        self._meter = meter
        self.tell = file.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= MOST_AT_ONCE:
            raise CantingError(f"`{self._meter.name}` was not unpacked: a header is too large.")
        content = self._file.read(size)
        self._meter.reach(self.tell())
        return content

    def seek(self, position: int) -> int:
        self._meter.reach(position)
        return self._file.seek(position)


def _opened(stream: _Metered) -> tarfile.TarFile:
    return tarfile.TarFile(fileobj=stream, encoding="utf-8")  # type: ignore[arg-type]


def _entries(archive: Any) -> Iterator[tarfile.TarInfo]:
    """Yield every entry; `tarfile` takes a damaged header for the end, so look for the real one."""
    while (entry := archive.next()) is not None:
        archive.members.clear()
        yield entry
    archive.fileobj.seek(archive.offset)
    if archive.fileobj.read(tarfile.BLOCKSIZE) != tarfile.NUL * tarfile.BLOCKSIZE:
        raise tarfile.ReadError("its end is missing, or a header is damaged")
