"""Stored pictures: re-encoded, without metadata."""

import io
import logging
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem
from PIL import Image

from canting.imaging.pictures import jpeg
from canting.serving.service.history.errors import HistoryError, failure
from canting.serving.service.history.lock import Lock

THUMBNAIL_SIDE = 256


def thumbnail(content: bytes) -> bytes:
    """Return a kept picture small."""
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
        image.draft("RGB", (2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE))
        return jpeg(image, THUMBNAIL_SIDE)


_NAME = re.compile(r"([0-9a-f]{32})\.jpg")

_log = logging.getLogger(__name__)

AGE = timedelta(minutes=15)
"""After this time no process can still be about to commit the row of a picture."""


class PictureStore:
    """The pictures of one store; others in the same folder are neither seen nor touched."""

    def __init__(self, url: str, store: str) -> None:
        """Make the folder; raise `HistoryError` where that fails."""
        with _told(re.sub("//[^/]*@", "//***@", url)):
            self._files, root = fsspec.url_to_fs(url)
            self._root = f"{root.rstrip('/')}/{store}"
            self._files.makedirs(self._root, exist_ok=True)
        self._local = isinstance(self._files, LocalFileSystem)
        self._lock = Lock(Path(self._root) / ".lock") if self._local else None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold what lies between a picture and the commit of its row."""
        if self._lock is None:
            yield
            return
        with self._lock.shared():
            yield

    def write(self, name: str, content: bytes) -> None:
        """Write the picture of an entry to the disk; after an error nothing of it is left."""
        path = self._path(name)
        try:
            with _told(path):
                self._write(path, content)
        except HistoryError:
            self.remove([name])
            raise

    def read(self, name: str) -> bytes | None:
        """Return the picture of an entry; `None`: it is not there."""
        path = self._path(name)
        with _told(path):
            try:
                content: bytes = self._files.cat_file(path)
            except FileNotFoundError:
                return None
            return content

    def remove(self, names: Iterable[str]) -> int:
        """Remove pictures and count them; what cannot be removed now is left to the sweep."""
        return sum(self._removed(self._path(name)) for name in names)

    def sizes(self) -> dict[str, int]:
        """Return the bytes of each picture by the id of its entry."""
        with _told(self._root):
            self._files.invalidate_cache()
            try:
                listed = self._files.ls(self._root, detail=True)
            except FileNotFoundError:  # an object store knows no empty folder
                return {}
        found = ((_NAME.fullmatch(one["name"].rsplit("/", 1)[-1]), one["size"]) for one in listed)
        return {match.group(1): size for match, size in found if match}

    def settled(self) -> bool:
        """Return whether all that was written before has its row by now, or never will."""
        return self._lock is not None and self._lock.passed()

    def is_old(self, name: str) -> bool:
        """Return whether a picture is older than any commit can take; unknown ages count as no."""
        path = self._path(name)
        try:
            modified: datetime = self._files.modified(path)
        except Exception as error:
            _log.warning("The age of `%s` is unknown, so it is not deleted: %s", path, error)
            return False
        known = modified if modified.tzinfo else modified.replace(tzinfo=UTC)
        return datetime.now(UTC) - known > AGE

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}.jpg"

    def _write(self, path: str, content: bytes) -> None:
        if not self._local:
            self._files.pipe_file(path, content)
            return
        with Path(path).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _sync(Path(path).parent)

    def _removed(self, path: str) -> bool:
        try:
            self._files.rm_file(path)
        except FileNotFoundError:
            return False
        except Exception as error:
            _log.warning("`%s` could not be removed; the next start tries again: %s", path, error)
            return False
        return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # each file system of fsspec raises its own
        raise failure(what, error) from error
