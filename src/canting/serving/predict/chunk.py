"""A part of the files to predict: classified in one go, by any process, and kept."""

import errno
import hashlib
import json
import socket
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from canting.bundle.answer import Answer, ModelOutputError
from canting.bundle.classifier import Classifier
from canting.core import files
from canting.core.cache import read_whole
from canting.core.cluster.portable import Need
from canting.core.errors import CantingError
from canting.imaging import pictures
from canting.imaging.errors import PictureError

STDIN = Path("-")
"""Stands for the picture on standard input."""


class Predicted(NamedTuple):
    """A file with what the classifier says of it, or why it says nothing.

    `unread`: the file could not be read at all, which another time may be otherwise.
    """

    path: Path
    answer: Answer | None
    fault: str = ""
    unread: bool = False


class FileState(NamedTuple):
    """Size of a file in bytes, and when it was changed, in nanoseconds."""

    size: int
    changed: int

    def is_like(self, other: "FileState") -> bool:
        """Return whether two machines see the same file; some hold its time by two seconds."""
        return self.size == other.size and abs(self.changed - other.changed) <= 2 * 10**9

    def __str__(self) -> str:
        """Return it for a message."""
        when = datetime.fromtimestamp(self.changed / 10**9, UTC)
        return f"{self.size} bytes, changed {when:%Y-%m-%d %H:%M:%S} UTC"


def state_of(path: Path) -> FileState | None:
    """Return the state of a file; none where it cannot be asked for."""
    try:
        told = path.stat()
    except OSError:
        return None
    return FileState(told.st_size, told.st_mtime_ns)


class PredictChunk(NamedTuple):
    """Files to predict together: a task that can be handed to another process or machine.

    `digest` is that of the bundle, `kept` the file for its answers; none: they are not kept. On
    another machine, `states` are those of the files here.
    """

    bundle: Path
    digest: str
    paths: tuple[Path, ...]
    kept: Path | None = None
    states: tuple[FileState | None, ...] = ()

    @property
    def cache(self) -> Path:
        """The folder of what is kept here."""
        assert self.kept is not None
        return self.kept.parents[1]

    def needs(self) -> list[Need]:
        """Return the files of the bundle; pictures lie where every machine sees them."""
        there = self.moved().bundle
        found = sorted(path for path in self.bundle.rglob("*") if path.is_file())
        names = [(there / path.relative_to(self.bundle)).as_posix() for path in found]
        return [Need(name, path, name) for name, path in zip(names, found, strict=True)]

    def makes(self) -> list[str]:
        """Return the name of the file of the answers."""
        assert self.kept is not None
        return [self.kept.relative_to(self.cache).as_posix()]

    def moved(self) -> "PredictChunk":
        """Return the chunk for another machine."""
        paths, states = zip(*((one.absolute(), state_of(one)) for one in self.paths), strict=True)
        there = PredictChunk(Path("bundles", self.digest), self.digest, paths)
        return there._replace(kept=Path(*self.makes()), states=states)


def _nothing() -> None:
    """Do nothing before a picture."""


def keep(chunk: PredictChunk, before: Callable[[], None] = _nothing) -> int:
    """Classify the files of a chunk and keep the answers; return how many were classified.

    That is 0 where whole answers were kept already and every file could be read for them. `before`
    is called before each file. Raises `CantingError` for a bundle that changed meanwhile.
    """
    if is_kept(chunk):
        return 0
    _write(chunk, classified(chunk, before))
    return len(chunk.paths)


def is_kept(chunk: PredictChunk) -> bool:
    """Return whether whole answers are kept, and every file could be read for them."""
    found = _kept(chunk)
    return found is not None and not any(one.unread for one in found)


def keep_there(chunk: PredictChunk) -> int:
    """Do `keep` on another machine; raise `CantingError` where it sees other pictures.

    One that went away meanwhile is asked for once more at home.
    """
    here = list(map(state_of, chunk.paths))
    if not any(here):
        raise CantingError(
            f"`{chunk.paths[0]}`: expected a folder that every node sees under the same path. "
            f"Received: node {socket.gethostname()} does not. Mount it there, or predict on this "
            "machine."
        )
    for path, state, other in zip(chunk.paths, chunk.states, here, strict=True):
        if state and other and not state.is_like(other):
            raise CantingError(
                f"`{path}`: expected the file that is seen where `canting predict` runs, {state}. "
                f"Received: {other} on node {socket.gethostname()}. Mount the same folder there; "
                "if the file changed meanwhile, run again."
            )
    return keep(chunk)


def rows(chunk: PredictChunk) -> list[Predicted]:
    """Return what is kept of a chunk, a row for each file, in their order; made if it is not there.

    A bad file is a row without an answer.
    """
    found = _kept(chunk)
    if found is None:
        found = classified(chunk)
        _write(chunk, found)
    return found


def classified(chunk: PredictChunk, before: Callable[[], None] = _nothing) -> list[Predicted]:
    """Return a row for each file of a chunk; nothing is read from what is kept, or written."""
    ours, found = classifier(chunk.bundle, chunk.digest), []
    for path in chunk.paths:
        before()
        found.append(_one(ours, path))
    return found


@lru_cache(maxsize=1)
def classifier(bundle: Path, digest: str) -> Classifier:
    """Load a bundle once a process; raise `CantingError` where it is not the one of the digest."""
    found = Classifier.load(bundle)
    if (received := bundle_digest(bundle)) != digest:
        raise CantingError(
            f"`{bundle}`: expected the bundle of the first picture, {digest[:8]}. Received: "
            f"{received[:8]}; it was written again meanwhile. Run again."
        )
    return found


def bundle_digest(bundle: Path) -> str:
    """Return the SHA-256 of a bundle's card, which has those of its model and its arrays.

    It is empty where there is no card.
    """
    card = bundle / "card.json"
    return files.sha256(card) if card.is_file() else ""


def _one(ours: Classifier, path: Path) -> Predicted:
    try:
        taken = pictures.decode(_standard_input() if path == STDIN else path)
        return Predicted(path, ours.decoded(taken))
    except (PictureError, ModelOutputError) as error:
        return Predicted(path, None, str(error))
    except OSError as error:
        return Predicted(path, None, error.strerror or str(error), unread=True)


def _standard_input() -> bytes:
    """Return what is piped in; nothing where standard input is closed, which Python has as None."""
    return sys.stdin.buffer.read() if sys.stdin else b""


def _kept(chunk: PredictChunk) -> list[Predicted] | None:
    if chunk.kept is None:
        return None
    said = read_whole(chunk.kept, _read)
    if said is None:
        return None
    return [_row(path, one) for path, one in zip(chunk.paths, said, strict=True)]


def _write(chunk: PredictChunk, found: Sequence[Predicted]) -> None:
    """Write the answers without the paths, which are the chunk's, after their SHA-256.

    Another process that keeps the same chunk at the same time takes away what this one writes
    beside it, or the other way round; either's answers are as good.
    """
    if chunk.kept is None:
        return
    content = json.dumps([_plain(one) for one in found], allow_nan=False).encode()
    try:
        with files.replacing(chunk.kept) as aside:
            aside.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY):
            raise


def _read(path: Path) -> list[Any]:
    digest, _, content = path.read_bytes().partition(b"\n")
    if hashlib.sha256(content).hexdigest().encode() != digest:
        raise ValueError("its SHA-256 is another one")
    return list(json.loads(content))


def _plain(one: Predicted) -> list[Any]:
    said = None if one.answer is None else one.answer._replace(activation=None)
    return [said, one.fault, one.unread]


def _row(path: Path, plain: list[Any]) -> Predicted:
    said, fault, unread = plain
    answer = said and Answer._make([*said[:-1], tuple(said[-1])])
    return Predicted(path, answer, fault, unread)
