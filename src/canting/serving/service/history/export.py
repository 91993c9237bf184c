"""Export corrections as a folder of labelled pictures, for training."""

import csv
import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from canting.core import files
from canting.core.errors import CantingError
from canting.serving.service.history import texts
from canting.serving.service.history.entries import Entry

TABLE = "corrections.csv"
_ASIDE = ".corrections-"
COLUMNS = ("id", "label", "answered", "probability", "abstained", "model", "created")


class _Exported(NamedTuple):
    entry: Entry
    label: str
    before: Path | None
    aside: Path | None


def export(
    corrections: Iterable[Entry], read: Callable[[Entry], bytes | None], folder: Path
) -> dict[str, int]:
    """Add `<label>/<id>.jpg` and a table of them to a folder; return how many are new, by label.

    Nothing is overwritten. A picture that is there under another label, because it was corrected
    again, is moved. All pictures are read before the folder is changed, and each file is whole.
    """
    rows = _rows(folder / TABLE)
    with _aside(folder) as aside:
        exported = list(_read(corrections, read, folder, aside))
        for one in exported:
            _place(one, folder)
        rows.update((one.entry.id, _row(one)) for one in exported)
        _write_table(folder / TABLE, rows)
    new = Counter(one.label for one in exported if one.aside is not None)
    return dict(sorted(new.items()))


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_ASIDE}*"):
        shutil.rmtree(left)
    aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=folder))
    try:
        yield aside
    finally:
        shutil.rmtree(aside)


def _read(
    corrections: Iterable[Entry],
    read: Callable[[Entry], bytes | None],
    folder: Path,
    aside: Path,
) -> Iterator[_Exported]:
    known = {path.stem: path for path in folder.glob("*/*.jpg")}
    for entry in corrections:
        label = texts.label(entry.corrected or entry.label)
        before = known.get(entry.id)
        if before is not None and before.parent.name == label:
            yield _Exported(entry, label, before, None)
        elif (content := read(entry)) is not None:
            path = aside / f"{entry.id}.jpg"
            path.write_bytes(content)
            yield _Exported(entry, label, before, path)


def _place(one: _Exported, folder: Path) -> None:
    if one.aside is None:
        return
    path = folder / one.label / one.aside.name
    path.parent.mkdir(exist_ok=True)
    one.aside.replace(path)
    if one.before is not None:
        one.before.unlink()


def _write_table(path: Path, rows: dict[str, dict[str, str]]) -> None:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(sorted(rows.values(), key=lambda row: (row["created"], row["id"])))
    files.write_text(path, text.getvalue())


def _rows(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        found = tuple(table.fieldnames or ())
        if found != COLUMNS:
            raise CantingError(
                f"`{path}`: expected the columns {', '.join(COLUMNS)}. "
                f"Received: {', '.join(found)}. Move it away or name another folder."
            )
        return {row["id"]: row for row in table}


def _row(one: _Exported) -> dict[str, str]:
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
