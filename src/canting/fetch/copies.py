"""Collections that a source holds twice, as some data sets of Kaggle do at two depths."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from canting.fetch.source import Source


def without_copies(source: Source, parents: Collection[PurePosixPath]) -> set[PurePosixPath]:
    """Return the folders of classes less those that repeat a shallower one, byte for byte."""
    alike = defaultdict(list)
    for parent in sorted(parents, key=lambda path: (len(path.parts), path)):
        alike[frozenset(_inside(source, parent).items())].append(parent)
    kept = set()
    for same_sizes in alike.values():
        digests = {parent: _digests(source, parent) for parent in same_sizes[1:] and same_sizes}
        first = same_sizes[0]
        kept |= {p for p in same_sizes if p == first or digests[p] != digests[first]}
    return kept


def _inside(source: Source, parent: PurePosixPath) -> dict[PurePosixPath, int]:
    return {
        path.relative_to(parent): size
        for path, size in source.pictures.items()
        if path.parent.parent == parent
    }


def _digests(source: Source, parent: PurePosixPath) -> dict[PurePosixPath, str]:
    paths = [parent / path for path in _inside(source, parent)]
    return {path.relative_to(parent): _digest(chunks) for path, chunks in source.contents(paths)}


def _digest(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
