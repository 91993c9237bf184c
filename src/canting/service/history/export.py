"""Corrections as a folder of labelled pictures, for training again."""

import csv
import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from canting.core import files
from canting.core.errors import CantingError
from canting.service.history.entries import Entry

TABLE = "corrections.csv"
COLUMNS = ("id", "label", "answered", "probability", "abstained", "model", "created")


class _Made(NamedTuple):
    entry: Entry
    label: str
    aside: Path


def export(
    corrections: Iterable[Entry], read: Callable[[Entry], bytes | None], folder: Path
) -> dict[str, int]:
    """Add `<label>/<id>.jpg` and a table of them to a folder; return how many are new, by label.

    Nothing is overwritten. A picture that is there under another label, because it was corrected
    again, is moved. All pictures are read before the folder is changed.
    """
    known = _known(folder)
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".corrections-", dir=folder))
    try:
        made = list(_read(corrections, read, known, aside))
        for one in made:
            _place(one, known.get(one.entry.id), folder)
        _write_table(folder, made)
    finally:
        shutil.rmtree(aside)
    return dict(sorted(Counter(one.label for one in made).items()))


def _known(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in folder.glob("*/*.jpg")}


def _read(
    corrections: Iterable[Entry],
    read: Callable[[Entry], bytes | None],
    known: dict[str, Path],
    aside: Path,
) -> Iterable[_Made]:
    for entry in corrections:
        label = entry.corrected or entry.label
        there = known.get(entry.id)
        if there is not None and there.parent.name == label:
            continue
        content = read(entry)
        if content is not None:
            path = aside / f"{entry.id}.jpg"
            path.write_bytes(content)
            yield _Made(entry, label, path)


def _place(one: _Made, there: Path | None, folder: Path) -> None:
    path = folder / one.label / f"{one.entry.id}.jpg"
    path.parent.mkdir(exist_ok=True)
    one.aside.replace(path)
    if there is not None:
        there.unlink()


def _write_table(folder: Path, made: list[_Made]) -> None:
    path = folder / TABLE
    rows = {row["id"]: row for row in _rows(path)}
    rows.update((one.entry.id, _row(one)) for one in made)
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(sorted(rows.values(), key=lambda row: (row["created"], row["id"])))
    files.write_text(path, text.getvalue())


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        rows = list(table)
    if tuple(table.fieldnames or ()) != COLUMNS:
        raise CantingError(
            f"`{path}`: expected the columns {', '.join(COLUMNS)}. "
            f"Received: {', '.join(table.fieldnames or ())}. Move it away or name another folder."
        )
    return rows


def _row(one: _Made) -> dict[str, str]:
    entry = one.entry
    return {
        "id": entry.id,
        "label": one.label,
        "answered": entry.label,
        "probability": str(entry.probability),
        "abstained": str(entry.abstained).lower(),
        "model": entry.model,
        "created": entry.created.isoformat(),
    }
