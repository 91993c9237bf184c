"""Where the pictures come from, how their labels were read, and what was left out."""

from collections.abc import Mapping

from canting.config.records import CollectionRecord
from canting.documents.content import Block, Mono, Span, Table, say
from canting.documents.numbers import DASH, count, listed, plural
from canting.documents.run import Run


def blocks(run: Run) -> tuple[Block, ...]:
    """Return the collections with their layout, and the files of the source that are not used."""
    found = run.fetched["collections"]
    if len(found) == 1:
        opening: Block = say(
            "Source: ",
            Mono(found[0]["source"]),
            *_revision(found[0]),
            ". Labels were read as ",
            Mono(found[0]["read_as"]),
            ".",
        )
    else:
        rows = tuple(map(_row, found))
        columns = ("collection", "source", "labels read as", "pictures", "split")
        opening = Table("Collections of the pictures.", columns, rows, words=3)
    return (opening, *_changes(run), *_left_out(run))


def names(run: Run) -> str:
    """Return the sources, as a sentence lists them."""
    return listed([one["source"] for one in run.fetched["collections"]])


def _revision(one: CollectionRecord) -> tuple[Span, ...]:
    return (" at revision ", Mono(one["revision"])) if one["revision"] else ()


def _row(one: CollectionRecord) -> tuple[Span, ...]:
    splits = listed([f"{name} ({count(number)})" for name, number in one["splits"].items()])
    source = f"{one['source']}@{one['revision']}" if one["revision"] else one["source"]
    return one["name"], Mono(source), Mono(one["read_as"]), count(one["pictures"]), splits or DASH


def _changes(run: Run) -> tuple[Block, ...]:
    found = run.fetched["collections"]
    changed = run.fetched["relabelled"]
    grouped = sum(one["grouped"] for one in found)
    links = sum(one["links"] for one in found)
    collections = {name: number for one in found for name, number in one["collections"].items()}
    sessions = {name: number for one in found for name, number in one["sessions"].items()}
    parts = []
    if collections:
        parts.append(f"Collections, by `fetch.collection`: {_shown(collections)}.")
    if sessions:
        parts.append(f"Sessions, or subfolders of classes: {_shown(sessions)}.")
    if links:
        parts.append(f"{plural(links, 'symbolic link')} of the source, which were followed.")
    if changed:
        parts.append(f"{plural(changed, 'picture')} got another label by `fetch.relabel`.")
    if grouped:
        parts.append(f"{plural(grouped, 'picture')} belong to groups that the source names.")
    return (say(" ".join(parts)),) if parts else ()


def _shown(counts: Mapping[str, int]) -> str:
    shown = [f"{name} ({count(number)})" for name, number in list(counts.items())[:SHOWN]]
    more = f" and {len(counts) - SHOWN} more" if len(counts) > SHOWN else ""
    return f"{listed(shown)}{more}"


def _left_out(run: Run) -> tuple[Block, ...]:
    counts = run.fetched["left_out"]
    if not counts:
        return (say("No file of the source was left out."),)
    kinds = listed([f"{count(number)} × {reason}" for reason, number in counts.items()])
    return (say(f"Left out of the source: {kinds}. Each is named in ", Mono(QUARANTINED), "."),)


QUARANTINED = "results/validate/quarantine.csv"
SHOWN = 12
"""Sessions, and collections within sources, that are listed."""
