"""Fetch labelled pictures from their source to `build/raw/<label>/<file>`."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from canting.config.columns import UNKNOWN
from canting.config.fetch import Fetch
from canting.config.records import CollectionRecord, FetchRecord
from canting.core.files import replacing, write_text
from canting.core.text import legible, printable
from canting.data import origins, relabel
from canting.data.fetch.collections import Together, collected, wanted
from canting.data.fetch.copying import Names, check_apart, copied, targets
from canting.data.fetch.digests import as_text, check_pin, of_text
from canting.data.fetch.relabelling import relabelled
from canting.data.fetch.source import Means
from canting.data.origins import Origin

USUAL = Means()

MOST = 20
"""Names that are listed of what may be a surprise; the files in `build` have all."""


@dataclass(frozen=True)
class Fetched:
    """How many pictures each label has, the digest of the list of them all, and what was found."""

    pictures: Mapping[str, int]
    digest: str
    record: FetchRecord


def fetch(
    section: Fetch, target: Path, digests: Path, means: Means = USUAL, *, least: int = 2
) -> Fetched:
    """Copy the pictures of `section.source` to `target` and list their digests in `digests`.

    Beside them: where each picture comes from, what was left out, and how the sources were read.
    All are whole, or what they were before; `least` labels have to be there. Raises `CantingError`
    for a source that cannot be had or is no collection of labelled pictures, and when
    `section.digest` pins other pictures.
    """
    for one in wanted(section):
        check_apart(one.source, target)
    table = {} if section.relabel is None else relabel.read(Path(section.relabel))
    with collected(section, means, least) as found, replacing(target) as raw:
        names = targets({path: found.placed(path).label for path in found.pictures})
        rows, moves = relabelled(sorted(copied(found, names, raw)), table, raw)
        text = as_text(rows)
        lists = means.cache / "digests"
        write_text(lists / f"{of_text(text)}.csv", text)
        check_pin(section.digest, text, [lists / f"{section.digest}.csv", digests])
        left_out = _left_out(found, moves)
        record = _record(found, moves, left_out)
        origins.write(digests.parent, _origins(found, names, moves), left_out, record)
        write_text(digests, text)
    return Fetched(Counter(row.path.partition("/")[0] for row in rows), of_text(text), record)


def _origins(found: Together, names: Names, moves: Mapping[str, str]) -> list[Origin]:
    return sorted(
        Origin(
            path=moves.get(name, name),
            collection=found.collection(path),
            source=str(path),
            given=found.placed(path).label,
            split=found.placed(path).split,
            group=found.group(path),
        )
        for path, name in names.items()
        if moves.get(name, name)
    )


def _left_out(found: Together, moves: Mapping[str, str]) -> dict[str, str]:
    dropped = {name: "left out by `fetch.relabel`" for name, new in moves.items() if not new}
    return {str(path): reason for path, reason in found.left_out().items()} | dropped


def _record(found: Together, moves: Mapping[str, str], left_out: Mapping[str, str]) -> FetchRecord:
    return {
        "collections": [
            CollectionRecord(
                name=one.name,
                source=one.written,
                revision=getattr(one.source, "revision", None),
                read_as=legible(one.layout.read_as),
                pictures=len(one.layout.placed),
                labels=_counts(placed.label for placed in one.layout.placed.values()),
                splits=_counts(placed.split for placed in one.layout.placed.values()),
                collections=_counts(found.within(one)),
                sessions=_counts(placed.session for placed in one.layout.placed.values()),
                grouped=len(one.groups),
                groups=len(set(one.groups.values())),
                links=len(one.source.links),
            )
            for one in found.collections
        ],
        "left_out": _counts(left_out.values()),
        "relabelled": sum(bool(new) for new in moves.values()),
    }


def _counts(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(legible(word) for word in words if word).items()))


def told(fetched: Fetched) -> Iterator[str]:
    """Yield what was found, a line each; the last one counts, and names all that is not taken."""
    for one in fetched.record["collections"]:
        source = one["source"] + (f" at revision {one['revision']}" if one["revision"] else "")
        yield f"{one['name']}: {source} is read as {one['read_as']}, {_listed(one['labels'])}"
        for name in ("collections", "splits", "sessions"):
            if one[name]:
                yield f"{one['name']}: {name} {_listed(one[name], most=MOST)}"
        if one["grouped"]:
            share = f"{one['grouped']} of {one['pictures']} pictures"
            yield f"{one['name']}: {share} are in {one['groups']} groups from outside"
        if one["links"]:
            yield f"{one['name']}: {one['links']} symbolic links, which were followed"
    if fetched.record["relabelled"]:
        yield f"{fetched.record['relabelled']} pictures have a new label by `fetch.relabel`"
    unknown = fetched.pictures.get(UNKNOWN, 0)
    count = sum(fetched.pictures.values()) - unknown
    labels = f"{len(fetched.pictures) - bool(unknown)} labels"
    if unknown:
        labels += f", {unknown} pictures of no class, to be refused"
    left_out = fetched.record["left_out"]
    rest = f"; left out: {_listed(left_out, most=MOST)} (build/left_out.csv)" if left_out else ""
    yield f"{count} pictures, {labels}, digest {fetched.digest}{rest}"


def _listed(counts: Mapping[str, int], most: int = 8) -> str:
    shown = [f"{number} × {printable(name)}" for name, number in list(counts.items())[:most]]
    return ", ".join(shown) + (f" and {len(counts) - most} more" if len(counts) > most else "")
