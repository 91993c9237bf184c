"""The layout of a source: which folder of a picture's path is its class, its split, its session.

A layout is understood or refused, never guessed; `fetch.classes` overrules everything here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os.path import commonpath
from pathlib import PurePosixPath
from typing import NamedTuple

from canting.core.errors import CantingError
from canting.core.names import composed
from canting.data.fetch.copies import copies
from canting.data.fetch.names import check_chosen, check_labels, listed
from canting.data.fetch.roles import (
    is_split_word,
    name_places,
    numbers_sessions,
    place_below,
    place_of_class,
    role,
    split_of,
)
from canting.data.fetch.source import Source


class Reading(NamedTuple):
    """What a picture's path says: its label, and its part of a split and its session, or `""`.

    `collection` are the folders above the class, where these are asked for.
    """

    label: str
    split: str = ""
    session: str = ""
    collection: str = ""


@dataclass(frozen=True)
class Layout:
    """What was understood: of each picture, of those left out with the reason, and in short."""

    placed: Mapping[PurePosixPath, Reading]
    left_out: Mapping[PurePosixPath, str]
    read_as: str


Parts = tuple[str, ...]


class Way(NamedTuple):
    """How the path of a folder is read, and its pattern: `<split>/<class>`."""

    placed: Reading
    pattern: str


TABLES = (".csv", ".tsv")
"""Suffixes of files that may be tables of labels."""

Ways = dict[PurePosixPath, Way]


def understood(source: Source, classes: Mapping[str, str] | None, above: bool = False) -> Layout:
    """Return the layout of a source; raise `CantingError` for one that can be read in two ways.

    With `above`, folders above those of the classes are collections.
    """
    if not source.pictures:
        raise CantingError(
            f"`fetch.source` holds no pictures. Expected <class>/<picture> in it.{_unread(source)}"
        )
    inside = defaultdict(list)
    for path in source.pictures:
        inside[path.parent].append(path)
    doubled = copies(source, inside)
    found = sorted(set(inside) - set(doubled))
    if classes is None:
        ways = _found(source, found, above)
    else:
        chosen = check_chosen(classes, (path.name for path in source.folders))
        ways = _chosen(source, found, chosen, above)
    check_labels({way.placed.label for way in ways.values()})
    left_out = {folder: f"a copy of `{first}`" for folder, first in doubled.items()}
    left_out |= {one: _reason(one) for one in found if one not in ways}
    return Layout(
        {path: ways[one].placed for one in ways for path in inside[one]},
        {path: reason for one, reason in left_out.items() for path in inside[one]},
        _patterns(ways.values()),
    )


def _reason(folder: PurePosixPath) -> str:
    mask = next((part for part in folder.parts if role(part) == "mask"), None)
    return f"in a folder `{mask}`" if mask else "in no folder that `fetch.classes` names"


def _base(found: Collection[PurePosixPath]) -> PurePosixPath:
    """Return the folder above all, which says nothing: such as the folder in an archive."""
    base = PurePosixPath(commonpath(list(map(str, found))))
    return base.parent if len(found) == 1 else base


def _found(source: Source, found: Sequence[PurePosixPath], above: bool) -> Ways:
    """Return how each folder is read, where the names alone decide."""
    base = _base(found)
    below = {one: one.relative_to(base).parts for one in found}
    _check_mixed(below.values())
    kept = [one for one in found if all(role(part) != "mask" for part in below[one])]
    names = {one: tuple(below[one][place] for place in name_places(below[one])) for one in kept}
    bare = [one for one in kept if not names[one]]
    if bare or not kept:
        raise _unlabelled(source, bare or found, below.values())
    place = (place_below if above else place_of_class)(set(names.values()))
    if place is None:
        raise _ambiguous(names)
    tops = {way[place] for way in names.values()}
    if base.parts and role(base.name) == "name" and numbers_sessions(tops):
        raise CantingError(
            f"`fetch.source` may hold the classes {listed(tops)}, or sessions of the one class "
            f"{base.name!r}. If they are classes, say so: {_written(tops)}. If not, bring the "
            f"folders of other classes too, beside {base.name!r}."
        )
    _check_nested({one: below[one] for one in kept}, tops)
    first = len(base.parts)
    at = {one: first + name_places(below[one])[place] for one in kept}
    _check_folders(source, {PurePosixPath(*one.parts[: at[one] + 1]) for one in kept})
    return {one: _way(one, at[one], composed(one.parts[at[one]]), first, above) for one in kept}


def _check_nested(names: Mapping[PurePosixPath, Parts], classes: Collection[str]) -> None:
    """Refuse a folder inside a class that has the name of another class."""
    odd = [one for one, way in names.items() if len(set(way) & set(classes)) > 1]
    if odd:
        raise CantingError(
            f"The folder {str(odd[0])!r} of `fetch.source` lies in one class and has the name of "
            "another. Expected the pictures of a class in its own folder. Rename or move it."
        )


def _way(
    folder: PurePosixPath, at: int, label: str, first: int, above: bool, same: Parts = ()
) -> Way:
    """Return how a folder is read whose part `at` is the class; the first parts say nothing."""
    splits, sessions, collections, pattern = [], [], [], []
    for place, part in enumerate(folder.parts):
        if place == at:
            pattern.append("<class>")
        elif split := split_of(part):
            splits.append(split)
            pattern.append("<split>")
        elif place < first or role(part) == "container" or composed(part) in same:
            pattern.append(part)
        elif above and place < at:
            collections.append(composed(part))
            pattern.append("<collection>")
        else:
            sessions.append(composed(part))
            pattern.append("<session>")
    if len(set(splits)) > 1:
        raise CantingError(
            f"The folder {str(folder)!r} of `fetch.source` is in {listed(set(splits))} at once. "
            "Expected one part of a split. Move its pictures."
        )
    placed = Reading(label, next(iter(splits), ""), "/".join(sessions), "/".join(collections))
    return Way(placed, "/".join([*pattern, "<picture>"]))


def _patterns(ways: Iterable[Way]) -> str:
    every = sorted({way.pattern for way in ways})
    return " and ".join(every[:3]) + (" and others" if len(every) > 3 else "")


def _chosen(
    source: Source, found: Sequence[PurePosixPath], labels: Mapping[str, str], above: bool
) -> Ways:
    """Return how each folder is read that lies in one that `fetch.classes` names."""
    ways, seen = {}, set()
    first = len(_base(found).parts)
    for folder in found:
        parts = tuple(map(composed, folder.parts))
        at = [place for place, part in enumerate(parts) if part in labels]
        if not at or any(role(part) == "mask" for part in parts[at[-1] + 1 :]):
            continue
        named = {labels[parts[place]] for place in at}
        if len(named) > 1:
            raise CantingError(
                f"The folder {str(folder)!r} of `fetch.source` lies in two that `fetch.classes` "
                f"names, as {listed(named)}. Name one of them."
            )
        ways[folder] = _way(folder, at[-1], named.pop(), min(first, at[-1]), above, tuple(labels))
        seen |= {parts[place] for place in at}
    _check_empty(labels.keys() - seen, source)
    return ways


def _check_mixed(paths: Iterable[Parts]) -> None:
    """Refuse names that are no class by themselves beside others that may be."""
    beside: dict[Parts, set[str]] = defaultdict(set)
    below: dict[Parts, set[str]] = defaultdict(set)
    for parts in paths:
        for place, part in enumerate(parts):
            beside[parts[:place]].add(part)
            if role(part) != "name":
                below[parts[:place]].update(one for one in parts[place:] if role(one) == "name")
    for above, names in beside.items():
        kinds = set(map(role, names))
        if len(kinds) > 1 and kinds not in ({"container", "mask"}, {"split", "mask"}):
            odd = {name for name in names if role(name) != "name"}
            readings = [names, below[above]] if len(below[above]) > 1 else [names]
            raise CantingError(
                f"`fetch.source` has folders {listed(names)} side by side. {listed(odd)} may be "
                "the name of a class, or of a split, of pictures or of masks. Say which folders "
                f"are the classes: {' or '.join(map(_written, readings))}."
            )


def _check_folders(source: Source, classes: Collection[PurePosixPath]) -> None:
    """Refuse an empty folder beside those of classes, and two names that are one in Unicode."""
    seen: dict[PurePosixPath, PurePosixPath] = {}
    for path in sorted(classes):
        if seen.setdefault(path.parent / composed(path.name), path) != path:
            raise CantingError(
                f"Two class folders are named {composed(path.name)!r} in different Unicode forms. "
                "Rename one."
            )
    alive = {above for path in source.pictures for above in path.parents}
    parents = {path.parent for path in classes}
    bare = {path for path in source.folders if path not in alive and path.parent in parents}
    known = {composed(path.name) for path in classes}
    _check_empty({composed(path.name) for path in bare} - known, source)


def _check_empty(names: Collection[str], source: Source) -> None:
    """Raise for class folders without pictures: to pass them over would drop a class in silence."""
    if names:
        raise CantingError(
            f"These class folders hold no pictures of their own: {listed(names)}.{_unread(source)} "
            "Put some there, remove the folders, or name the classes to take in `fetch.classes`."
        )


def _unread(source: Source) -> str:
    reasons = sorted({reason for reason in source.others.values() if "not read" in reason})
    return f" {'; '.join(reasons)}." if reasons else ""


def _unlabelled(
    source: Source, bare: Iterable[PurePosixPath], ways: Collection[Parts]
) -> CantingError:
    names = {part for way in ways for part in way if role(part) == "name"}
    names = names or {part for way in ways for part in way if not is_split_word(part)}
    names = {name for name in names if role(name) in ("name", "split")}
    picked = f", or name the classes to take: {_written(names)}" if len(names) > 1 else ""
    tables = [str(path) for path in source.others if path.suffix.lower() in TABLES]
    table = f"name the table (there is {listed(tables)})" if tables else "name the table"
    return CantingError(
        f"`fetch.source` has pictures that no folder gives a class, in: {listed(map(str, bare))}. "
        "Expected one folder a class, side by side, or such folders below train, val and test, or "
        f"a table of labels in `fetch.labels`. Put them in folders, {table}{picked}."
    )


def _ambiguous(names: Mapping[PurePosixPath, Parts]) -> CantingError:
    first, last = ({way[place] for way in names.values()} for place in (0, -1))
    ways = [first] if first == last else [first, last]
    clear = [one for one in ways if all(len(one & set(way)) == 1 for way in names.values())]
    two = set(map(len, names.values())) == {2}
    hint = " If those above them are collections, set `fetch.collection: folder`." if two else ""
    return CantingError(
        "`fetch.source` can be read in more than one way. Expected one folder a class, side by "
        f"side. Received pictures in: {listed(map(str, names))}. Say which folders are the "
        f"classes: {' or '.join(map(_written, clear or ways))}.{hint}"
    )


def _written(names: Iterable[str]) -> str:
    """Return names as a value of `fetch.classes`, which YAML reads."""
    every = sorted(map(composed, names))
    shown = ", ".join(f'"{name}": "{name}"' for name in every)
    return f"`classes: {{{shown}}}`"
