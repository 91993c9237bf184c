"""What tells that a source on this machine has changed, without reading its pictures.

DVC knows `data` by its content. A folder elsewhere it does not watch: a picture that is repaired
there would not be fetched again, and the next stage would fail on the old copy for ever.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from canting.config.fetch import Fetch
from canting.data.fetch.collections import wanted
from canting.data.fetch.source import local

WATCHED = "data"
"""The source that is a dependency of its stage."""


def state(section: Fetch) -> dict[str, str]:
    """Return a digest of the files that each source and table is made of; never raises.

    A table counts by its content, a picture by its path, size and time of change, as DVC itself
    looks for changes. What is not there, and what lies elsewhere, has no digest: `fetch` says so.
    """
    found = {}
    for one in wanted(section):
        if one.source != WATCHED:
            found[one.name] = _digest(_listed(one.source))
        if one.labels:
            found[f"{one.name}: labels"] = _content(one.labels.file)
    if section.relabel:
        found["relabel"] = _content(section.relabel)
    return found


def _listed(source: str) -> Iterator[str]:
    try:
        root = local(source)
        if root.is_file():
            yield _line(root)
        for folder, inner, files in os.walk(root, followlinks=True):
            inner.sort()
            yield from (_line(Path(folder) / name) for name in sorted(files))
    except Exception:  # what is wrong with a source is for `fetch` to say
        return


def _line(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return f"{path!s}: unreadable"
    return f"{path!s}: {status.st_size} {status.st_mtime_ns}"


def _digest(lines: Iterator[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode(errors="surrogateescape") + b"\n")
    return digest.hexdigest()


def _content(name: str) -> str:
    try:
        return hashlib.sha256(Path(name).read_bytes()).hexdigest()
    except OSError:
        return ""
