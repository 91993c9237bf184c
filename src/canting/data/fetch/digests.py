"""The list of every fetched picture with its SHA-256, and what changed since another list."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from hashlib import sha256
from pathlib import Path

from canting.core.errors import CantingError
from canting.data.fetch.names import listed


@dataclass(frozen=True, order=True)
class DigestRow:
    """One picture: its path under `build/raw`, its size in bytes, its SHA-256."""

    path: str
    bytes: int
    sha256: str


def as_text(rows: Iterable[DigestRow]) -> str:
    """Return the list as CSV, sorted by path: equal pictures give equal text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(DigestRow))
    writer.writerows(map(astuple, sorted(rows)))
    return text.getvalue()


def of_text(text: str) -> str:
    """Return the SHA-256 of a list, which `fetch.digest` may pin."""
    return sha256(text.encode()).hexdigest()


def check_pin(pinned: str | None, text: str, known: Iterable[Path]) -> None:
    """Raise, with what changed against the first of the known lists, unless the digest is pinned.

    A list counts if it has the pinned digest; else the last one stands in for it.
    """
    received = of_text(text)
    if pinned in (None, received):
        return
    there = [path for path in known if path.is_file()]
    right = [path for path in there if of_text(path.read_text(encoding="utf-8")) == pinned]
    raise CantingError(
        f"`fetch.digest` expects the pictures with digest {pinned}. Received: {received}, "
        f"{_counts(_read(text))}. {_compared((right or there)[:1], text, bool(right))} If the "
        f"change is meant, pin `digest: {received}` in params.yaml; if not, name the version you "
        "want in `fetch.source`, or take back what changed in the section `fetch`. Nothing was "
        "written."
    )


def _read(text: str) -> dict[str, str]:
    return {row["path"]: row["sha256"] for row in csv.DictReader(io.StringIO(text))}


def _counts(pictures: Mapping[str, str]) -> str:
    labels = {path.partition("/")[0] for path in pictures}
    return f"{len(pictures):,} pictures of {len(labels)} labels"


def _compared(lists: list[Path], text: str, right: bool) -> str:
    if not lists:
        return "The list of the expected pictures is not stored here; no difference can be shown."
    before, after = _read(lists[0].read_text(encoding="utf-8")), _read(text)
    changed = {path for path in before.keys() & after.keys() if before[path] != after[path]}
    groups = {"added": after.keys() - before, "removed": before.keys() - after, "changed": changed}
    shown = [f"{len(paths)} {what} ({listed(paths)})" for what, paths in groups.items() if paths]
    name = "the expected pictures" if right else f"`{lists[0]}`, the last fetch"
    return f"Against {name}: {', '.join(shown) or 'no difference'}."
