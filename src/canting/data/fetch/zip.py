"""Pictures in a .zip file."""

import stat
import zipfile
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from canting.config.formats import LEAST_START
from canting.data.fetch.archive import ArchiveListing, inside, naming_faults, refusal
from canting.data.fetch.folder import CHUNK
from canting.data.fetch.limits import Meter

ENCRYPTED = 0x1
UTF8 = 0x800
"""Bits of an entry's flags (APPNOTE.TXT 4.4.4)."""


class Zip(ArchiveListing):
    """The pictures of a .zip file; every entry is checked, also those that are not wanted."""

    def __init__(self, path: Path, meter: Meter) -> None:
        """List the archive and refuse a hostile or broken one."""
        super().__init__(meter.name)
        self.path = path
        self._entries: dict[PurePosixPath, zipfile.ZipInfo] = {}
        with naming_faults(self.name), zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                meter.add(entry.file_size)
                self._list(archive, entry)

    def contents(
        self, paths: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, Iterator[bytes]]]:
        """Yield each of the pictures with its bytes, in the order of the archive."""
        with naming_faults(self.name):
            archive = zipfile.ZipFile(self.path)
        with archive:
            for path in sorted(paths, key=lambda path: self._entries[path].header_offset):
                yield path, self._chunks(archive, self._entries[path])

    def _list(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        path = inside(_name(entry), self.name)
        self._check(entry)
        if entry.is_dir():
            self.add_folder(path)
        else:
            self.add_file(path, entry.file_size, lambda: self._start(archive, entry))
            self._entries[path] = entry

    def _start(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
        return b"".join(islice(self._chunks(archive, entry, LEAST_START), 1))

    def _check(self, entry: zipfile.ZipInfo) -> None:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise refusal(entry.filename, self.name, "is a link or a device")
        if entry.flag_bits & ENCRYPTED:
            raise refusal(entry.filename, self.name, "is encrypted")

    def _chunks(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int = CHUNK
    ) -> Iterator[bytes]:
        with naming_faults(self.name):
            try:
                with archive.open(entry) as file:
                    while chunk := file.read(size):
                        yield chunk
            except (NotImplementedError, RuntimeError) as error:
                raise refusal(entry.filename, self.name, f"cannot be unpacked: {error}") from None


def _name(entry: zipfile.ZipInfo) -> str:
    """Return an entry's name; packers on macOS and Linux write UTF-8 without saying so."""
    if entry.flag_bits & UTF8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename
