"""Duplicate trees: collections that a source holds twice, as some data sets of Kaggle do."""

import hashlib
import os.path
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

from canting.core.errors import CantingError
from canting.data.fetch.labels import check_chosen, check_labels, listed
from canting.data.fetch.paths import composed
from canting.data.fetch.source import Source


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


SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})
"""Words in the name of a folder that holds one part of every class."""

Labels = dict[PurePosixPath, str]
"""The label of every class folder, by its path inside the source."""


def class_folders(source: Source, classes: Mapping[str, str] | None) -> Labels:
    """Find the class folders and their labels: all, or those that `fetch.classes` picks."""
    if not source.pictures:
        raise CantingError("`fetch.source` holds no pictures. Expected <class>/<picture> in it.")
    found = Counter(path.parent for path in source.pictures)
    if classes is None:
        return _named(source, found)
    labels = check_chosen(classes, source.folders)
    picked = Counter({path: n for path, n in found.items() if composed(path.name) in labels})
    _check_empty(labels.keys() - {composed(path.name) for path in picked})
    names = _named(source, picked, complete=False)
    return _checked({path: labels[name] for path, name in names.items()})


def _named(source: Source, found: Counter[PurePosixPath], complete: bool = True) -> Labels:
    parents = _collections(source, found)
    names = {path: composed(path.name) for path in sorted(found) if path.parent in parents}
    twins = Counter((path.parent, name) for path, name in names.items())
    for (_, name), count in twins.items():
        if count > 1:
            raise CantingError(
                f"Two class folders are named {name!r} in different Unicode forms. Rename one."
            )
    if not complete:
        return names
    alive = {above for path in source.pictures for above in path.parents}
    bare = {path for path in source.folders if path not in alive and path.parent in parents}
    _check_empty({composed(path.name) for path in bare} - set(names.values()))
    return _checked(names)


def _checked(labels: Labels) -> Labels:
    check_labels(set(labels.values()))
    return labels


def _check_empty(names: Collection[str]) -> None:
    """Raise for class folders without pictures: to pass them over would drop a class in silence."""
    if names:
        raise CantingError(
            f"These class folders hold no pictures of their own: {listed(names)}. Put some there, "
            "remove the folders, or name the classes to take in `fetch.classes`."
        )


def _collections(source: Source, found: Counter[PurePosixPath]) -> set[PurePosixPath]:
    """Return the folders that hold the class folders: one, or one a split."""
    parents = {path.parent for path in found}
    if PurePosixPath() in found:
        raise _unclear(found)
    if len(parents) > 1 and not _are_splits(parents):
        parents = without_copies(source, parents)
    if len(parents) > 1 and not _are_splits(parents):
        raise _unclear(found)
    return parents


def _are_splits(parents: Collection[PurePosixPath]) -> bool:
    base = os.path.commonpath(list(map(str, parents)))
    rests = [path.relative_to(base).parts for path in parents]
    return all(rest and all(map(_is_split, rest)) for rest in rests)


def _is_split(name: str) -> bool:
    return not SPLITS.isdisjoint(re.split(r"[\W_]+", name.casefold()))


def _unclear(found: Counter[PurePosixPath]) -> CantingError:
    return CantingError(
        "`fetch.source` must hold one folder a class, side by side, with the pictures in them, "
        "or such folders under train, val and test. Received pictures in: "
        f"{listed(map(str, found))}. Name the class folders in `fetch.classes`, or the folder "
        "above them in `fetch.source`."
    )
