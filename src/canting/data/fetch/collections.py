"""The collections that `fetch.source` names, each with its layout, and all as one source."""

from collections.abc import Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath

from canting.config.fetch import FOLDER, LONGEST, Collection, Fetch, fitting
from canting.core.errors import CantingError
from canting.data.fetch.expressions import belonging, grouped
from canting.data.fetch.labels import listed_in
from canting.data.fetch.layout import Layout, Reading, understood
from canting.data.fetch.names import check_enough, check_labels
from canting.data.fetch.source import Means, Source, opened
from canting.data.origin import public_name


@dataclass(frozen=True)
class OneCollection:
    """An open source, how its paths or table are read, and which pictures belong together.

    `within` has the collection of each picture where the source holds several.
    """

    name: str
    written: str
    source: Source
    layout: Layout
    groups: Mapping[PurePosixPath, str]
    within: Mapping[PurePosixPath, str]


def wanted(section: Fetch) -> tuple[Collection, ...]:
    """Return the collections that a section names; what one leaves empty is as for all."""
    found: tuple[Collection, ...]
    if isinstance(section.source, str):
        name = fitting(public_name(section.source)[:LONGEST]) or "data"
        found = (Collection(name=name, source=section.source),)
    else:
        found = section.source
    shared = {key: getattr(section, key) for key in ("classes", "labels", "group", "collection")}
    return tuple(
        one.model_copy(update={key: shared[key] for key in shared if getattr(one, key) is None})
        for one in found
    )


@contextmanager
def collected(section: Fetch, means: Means, least: int) -> "Iterator[Together]":
    """Yield the pictures of all collections, of at least so many labels.

    Raises `CantingError` for one that cannot be read.
    """
    found = []
    with ExitStack() as stack:
        for one in wanted(section):
            try:
                source = stack.enter_context(opened(one.source, means))
                found.append(_read(one, source))
            except CantingError as error:
                if isinstance(section.source, str):
                    raise
                raise CantingError(f"In the collection {one.name!r}: {error}") from None
        labels = {placed.label for one in found for placed in one.layout.placed.values()}
        check_labels(labels)
        check_enough(labels, least)
        yield Together(found)


def _read(wanted: Collection, source: Source) -> OneCollection:
    groups: Mapping[PurePosixPath, str]
    if wanted.labels is None:
        layout, groups = understood(source, wanted.classes, wanted.collection == FOLDER), {}
    else:
        layout, groups = listed_in(source, wanted.labels, wanted.classes)
    if wanted.group is not None:
        groups = grouped(wanted.group, layout.placed)
    within = belonging(wanted.collection, layout.placed) if wanted.collection else {}
    return OneCollection(wanted.name, wanted.source, source, layout, groups, within)


class Together:
    """Several collections as one source: paths begin with a collection's name if it has company."""

    def __init__(self, found: list[OneCollection]) -> None:
        """Take collections that are open."""
        self.collections = found
        self._alone = len(found) == 1
        self._of = {
            self._named(one, path): (one, path) for one in found for path in one.layout.placed
        }
        self.pictures = {path: one.source.pictures[own] for path, (one, own) in self._of.items()}

    def _named(self, one: OneCollection, path: PurePosixPath) -> PurePosixPath:
        return path if self._alone else one.name / path

    def placed(self, path: PurePosixPath) -> Reading:
        """Return what is known of a picture by its path or from a table."""
        one, own = self._of[path]
        return one.layout.placed[own]

    def collection(self, path: PurePosixPath) -> str:
        """Return the name of a picture's collection: its source's, or the one within that."""
        one, own = self._of[path]
        within = one.within.get(own)
        if within is None:
            return one.name
        return within if self._alone else f"{one.name}/{within}"

    def within(self, one: OneCollection) -> list[str]:
        """Return for each picture of a source that holds several collections the name of its."""
        return [self.collection(self._named(one, own)) for own in one.within]

    def group(self, path: PurePosixPath) -> str:
        """Return the group of a picture that comes from outside, or nothing."""
        one, own = self._of[path]
        group = one.groups.get(own, "")
        return f"{one.name}/{group}" if group else ""

    def left_out(self) -> dict[PurePosixPath, str]:
        """Return why each other file is not taken."""
        return {
            self._named(one, path): reason
            for one in self.collections
            for path, reason in {**one.source.others, **one.layout.left_out}.items()
        }

    def contents(
        self, paths: Set[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, Iterator[bytes]]]:
        """Yield each of the pictures with its bytes, one collection after another."""
        of = [self._of[path] for path in sorted(paths)]
        for _, group in groupby(of, key=lambda pair: pair[0].name):
            pairs = list(group)
            one = pairs[0][0]
            for own, chunks in one.source.contents([path for _, path in pairs]):
                yield self._named(one, own), chunks
