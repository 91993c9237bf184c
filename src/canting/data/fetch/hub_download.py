"""Files of one commit of the Hub, kept by content: what has arrived is not downloaded twice."""

import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from huggingface_hub import constants, hf_hub_url
from tqdm import tqdm

from canting.core.errors import CantingError
from canting.core.files import read_json, replacing, write_json
from canting.data.fetch.archive import inside
from canting.data.fetch.folder import CHUNK
from canting.data.fetch.hub import HubFile, Repository, asked, listed_files, streamed
from canting.data.fetch.retry import PassingError, Retry

AT_ONCE = 8
"""Downloads side by side, as many as the Hub's own client makes."""

PIECE = 2**16
"""Bytes that are written at once: what a broken connection may lose."""


@dataclass(frozen=True)
class Commit:
    """One commit of a repository, kept below `cache`; `source` is what messages call it."""

    repository: Repository
    commit: str
    source: str
    cache: Path

    @property
    def root(self) -> Path:
        """Return the folder with the downloaded files, under their paths in the repository."""
        return self.cache / self.commit / "files"

    @property
    def blobs(self) -> Path:
        """Return the folder of the contents of all commits, by their digests."""
        return self.cache / "blobs"

    def files(self, patience: Retry) -> list[HubFile]:
        """Return every file of the commit; the list is asked for once."""
        kept = self.cache / self.commit / "files.json"
        if not kept.is_file():
            found = listed_files(self.repository, self.commit, self.source, patience)
            for file in found:
                inside(file.path, self.source)
            write_json(kept, [asdict(file) for file in found])
        return [HubFile(**row) for row in read_json(kept)]

    def download(self, files: Collection[HubFile], patience: Retry) -> None:
        """Bring files below `root`; each is there whole or not at all."""
        with _full_disk_named(self.source):
            self.blobs.mkdir(parents=True, exist_ok=True)
            missing = {
                file.digest: file for file in files if not (self.blobs / file.digest).is_file()
            }
            if missing:
                self._receive(missing.values(), patience)
            for file in files:
                _place(self.blobs / file.digest, self.root / file.path)

    def _receive(self, missing: Collection[HubFile], patience: Retry) -> None:
        total = sum(file.size for file in missing)
        _check_space(self.source, self.blobs, total - sum(map(self._arrived, missing)))
        bar: dict[str, Any] = {"desc": "download", "unit": "B", "unit_scale": True}
        with (
            tqdm(total=total, file=sys.stderr, mininterval=0.5, **bar) as shown,
            ThreadPoolExecutor(AT_ONCE) as pool,
        ):
            transfer = _Transfer(self, patience, shown)
            try:
                for _ in pool.map(transfer.file, missing):
                    pass
            finally:
                transfer.stop.set()
                pool.shutdown(cancel_futures=True)

    def _arrived(self, file: HubFile) -> int:
        part = _part(self, file)
        return min(file.size, part.stat().st_size) if part.is_file() else 0


def _part(commit: Commit, file: HubFile) -> Path:
    return commit.blobs / f"{file.digest}.part"


@dataclass(frozen=True)
class _Transfer:
    """What downloads side by side share; `stop` ends them all."""

    commit: Commit
    patience: Retry
    shown: "tqdm[Any]"
    stop: Event = field(default_factory=Event)

    def file(self, file: HubFile) -> None:
        """Bring the content of a file to its place among the blobs."""
        name, part = f"{self.commit.source}: {file.path}", _part(self.commit, file)
        asked(lambda: self._complete(file, part), name, self.patience, self._sleep)
        if not self.stop.is_set():
            part.replace(self.commit.blobs / file.digest)

    def _sleep(self, seconds: float) -> None:
        self.stop.wait(seconds)

    def _complete(self, file: HubFile, part: Path) -> None:
        """Add to the part what is missing, and check the whole by its digest."""
        part.touch()
        have = part.stat().st_size
        if have < file.size and not self.stop.is_set():
            self._append(file, part, have)
        if self.stop.is_set():
            return
        if part.stat().st_size < file.size:
            raise PassingError("the connection ended too early")
        if _digest(part, file) != file.digest:
            part.unlink()
            raise PassingError("the file arrived damaged")

    def _append(self, file: HubFile, part: Path, have: int) -> None:
        url = hf_hub_url(
            self.commit.repository.name,
            file.path,
            repo_type=self.commit.repository.kind,
            revision=self.commit.commit,
            endpoint=constants.ENDPOINT,
        )
        with streamed(url, have, self.patience) as response:
            have = have if response.status_code == 206 else 0
            with part.open("ab" if have else "wb") as out:
                for chunk in response.iter_bytes(PIECE):
                    have += out.write(chunk)
                    self.shown.update(len(chunk))
                    if self.stop.is_set() or have > file.size:
                        return


def _digest(path: Path, file: HubFile) -> str:
    """Return the SHA-256 of a large file's content, or what Git names a small one by."""
    large = len(file.digest) == 64
    digest = hashlib.sha256() if large else hashlib.sha1(b"blob %d\0" % file.size)  # noqa: S324
    with path.open("rb") as content:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _place(blob: Path, path: Path) -> None:
    """Give a content its name; where the file system has no hard links, a copy of it."""
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(blob, path)
    except OSError:
        with replacing(path) as aside:
            shutil.copyfile(blob, aside)


def _check_space(source: str, folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CantingError(
            f"`{source}` takes {needed:,} bytes more, and the disk of `{folder}` has {free:,} "
            "left. Free some space, or name a smaller part. What has arrived is kept."
        )


@contextmanager
def _full_disk_named(source: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise CantingError(
            f"`{source}` was not downloaded in full: {error.strerror}. "
            "Free some space and run again; what has arrived is kept and not transferred twice."
        ) from None
