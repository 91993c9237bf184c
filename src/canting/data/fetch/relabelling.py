"""Follow the table of corrected labels among pictures that were just copied."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from canting.core.errors import CantingError
from canting.data.fetch.digests import DigestRow
from canting.data.fetch.names import check_enough, check_labels
from canting.data.fetch.paths import free_path, key
from canting.data.relabel import LEFT_OUT, Key, Relabelled


def relabelled(
    rows: Iterable[DigestRow], table: Mapping[Key, Relabelled], raw: Path
) -> tuple[list[DigestRow], dict[str, str]]:
    """Move or remove pictures below `raw`; return the rows that are left, and what became of which.

    A move is a new path by an old one, `""` for a picture that is left out. Raises `CantingError`
    for a row of the table whose picture is not there: its correction would be lost in silence.
    """
    every = list(rows)
    taken = {key(row.path) for row in every}
    moves: dict[str, str] = {}
    used = set()
    for row in every:
        given, _, name = row.path.partition("/")
        correction = table.get((row.sha256, given))
        if correction is None:
            continue
        used.add((row.sha256, given))
        if correction.label != given:
            moves[row.path] = correction.label and free_path(f"{correction.label}/{name}", taken)
            taken.add(key(moves[row.path]))
    _check_used(table, used)
    if moves:
        _check_left(moves.get(row.path, row.path) for row in every)
    for old, new in moves.items():
        if new:
            (raw / new).parent.mkdir(exist_ok=True)
            (raw / old).rename(raw / new)
        else:
            (raw / old).unlink()
    for label in {old.partition("/")[0] for old in moves}:
        if not any((raw / label).iterdir()):
            (raw / label).rmdir()
    moved = (replace(row, path=moves.get(row.path, row.path)) for row in every)
    return sorted(row for row in moved if row.path != LEFT_OUT), moves


def _check_used(table: Mapping[Key, Relabelled], used: set[Key]) -> None:
    unused = sorted(table.keys() - used)
    if unused:
        digest, given = unused[0]
        named = table[unused[0]].path or digest
        raise CantingError(
            f"`fetch.relabel`: {len(unused)} of {len(table)} rows name pictures that "
            f"`fetch.source` does not have, such as {named!r} (SHA-256 {digest[:12]}…, given "
            f"{given!r}). Remove these rows, or bring the pictures back."
        )


def _check_left(paths: Iterable[str]) -> None:
    """Refuse a table that leaves no two classes, or classes that no folders could hold."""
    labels = {path.partition("/")[0] for path in paths} - {LEFT_OUT}
    try:
        check_labels(labels)
        check_enough(labels)
    except CantingError as error:
        raise CantingError(f"As `fetch.relabel` has it: {error} Or correct that table.") from None
