"""Folders that a source holds twice, as some data sets of Kaggle do."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from canting.data.fetch.source import Source

Inside = Mapping[PurePosixPath, Sequence[PurePosixPath]]
"""The pictures that lie in each folder."""


def copies(source: Source, inside: Inside) -> dict[PurePosixPath, PurePosixPath]:
    """Return the folders that repeat a shallower one, and that one.

    A folder repeats another if its path ends as the other's does below their common folder
    (`set/set/train/glass` and `set/train/glass`), with the same names and bytes in it. Only folders
    with one name, and the same names and sizes in them, are compared, however many there are.
    """
    ordered = sorted(inside, key=lambda path: (len(path.parts), path))
    by_names: dict[tuple[str, int], list[PurePosixPath]] = {}
    found: dict[PurePosixPath, PurePosixPath] = {}
    for folder in ordered:
        names = hash(frozenset((path.name, source.pictures[path]) for path in inside[folder]))
        alike = by_names.setdefault((folder.name, names), [])
        for other in alike:
            if _nested(other, folder) and _same(source, inside, other, folder):
                found[folder] = other
                break
        else:
            alike.append(folder)
    return found


def _nested(shallow: PurePosixPath, deep: PurePosixPath) -> bool:
    one, other = list(shallow.parts), list(deep.parts)
    if len(one) >= len(other):
        return False
    while one and one[0] == other[0]:
        one, other = one[1:], other[1:]
    return (bool(one) and other[-len(one) :] == one) or not one


def _same(source: Source, inside: Inside, one: PurePosixPath, other: PurePosixPath) -> bool:
    sizes = [
        {path.name: source.pictures[path] for path in inside[folder]} for folder in (one, other)
    ]
    return sizes[0] == sizes[1] and _digests(source, inside[one]) == _digests(source, inside[other])


def _digests(source: Source, paths: Sequence[PurePosixPath]) -> dict[str, str]:
    return {path.name: _digest(chunks) for path, chunks in source.contents(paths)}


def _digest(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
