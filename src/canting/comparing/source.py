"""Where the files of a run are read from: a folder, or a commit of git with DVC's cache."""

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

LARGEST = 20_000_000
"""Bytes of the largest file that is read; no table of a run comes near."""


class Source(Protocol):
    """Anything that hands out the files of a run by their paths in the repository."""

    @property
    def name(self) -> str:
        """What it is called in tables."""

    @property
    def commit(self) -> str | None:
        """Its commit in git, if it is one."""

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; none where it is not there."""

    def cached(self, path: str, md5: str) -> bytes | None:
        """Return the content of an output of DVC that git does not keep; none without it."""


@dataclass(frozen=True)
class Folder:
    """The working tree, or a folder that holds files of a run under their usual paths."""

    name: str
    root: Path
    commit: str | None = None

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; none where it is not there."""
        return _content(self.root / path)

    def cached(self, path: str, md5: str) -> bytes | None:
        """Return the content of an output, if it is the one that `dvc.lock` tells of."""
        content = self.read(path)
        return content if content is not None and _md5(content) == md5 else None


@dataclass(frozen=True)
class Revision:
    """A commit; `root` is a folder of its repository that holds `dvc.yaml`."""

    name: str
    commit: str
    root: Path

    def read(self, path: str) -> bytes | None:
        """Return the content of a file that git keeps; none where it is not there."""
        command = ["git", "-C", str(self.root), "show", f"{self.commit}:./{path}"]
        told = subprocess.run(command, capture_output=True, check=False)
        return told.stdout if told.returncode == 0 else None

    def cached(self, path: str, md5: str) -> bytes | None:
        """Return the content of an output from DVC's cache; none where the cache lacks it."""
        del path
        return _content(self.root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:])


def _content(path: Path) -> bytes | None:
    if not path.is_file() or path.stat().st_size > LARGEST:
        return None
    return path.read_bytes()


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
