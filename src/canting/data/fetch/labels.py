"""Pictures whose labels stand in a table, `fetch.labels`."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from canting.config.fetch import LabelsTable
from canting.core.errors import CantingError
from canting.core.names import composed
from canting.data.fetch.layout import TABLES, Layout, Reading
from canting.data.fetch.names import check_chosen, check_labels, listed
from canting.data.fetch.roles import SPLITS
from canting.data.fetch.source import Source

NAMES = {
    "path": "path file filename file_name filepath file_path image image_name image_path imagename "
    "image_id imageid img img_name img_path picture photo id name",
    "label": "label labels class class_name classname category target species breed diagnosis y",
    "split": "split subset partition",
    "group": "group group_id session session_id patient patient_id subject subject_id",
}
"""Names of columns that data sets use; the first is canting's own, and wins over the others."""


Row = dict[str, str]
"""The values of a row, by the keys of `NAMES`."""


@dataclass(frozen=True)
class LabelRows:
    """A table of labels: what messages call it, the folder it lies in, its rows."""

    name: str
    folder: PurePosixPath
    rows: list[Row]


def listed_in(
    source: Source, wanted: LabelsTable, classes: Mapping[str, str] | None
) -> tuple[Layout, dict[PurePosixPath, str]]:
    """Return the layout that a table says, and the group of pictures that have one in it.

    Pictures that it does not list, and rows without a picture, are left out and named. Raises
    `CantingError` for a table that cannot be read in one way only.
    """
    table = _table(source, wanted)
    chosen = (
        None if classes is None else check_chosen(classes, {row["label"] for row in table.rows})
    )
    paths = _Paths(source, table.folder)
    placed: dict[PurePosixPath, Reading] = {}
    groups: dict[PurePosixPath, str] = {}
    left_out: dict[PurePosixPath, str] = {}
    said: dict[PurePosixPath, Row] = {}
    for row in table.rows:
        path = paths.of(row["path"], table.name)
        label = composed(row["label"]) if chosen is None else chosen.get(composed(row["label"]))
        if path is None:
            left_out[PurePosixPath(row["path"])] = f"listed in `{table.name}`, and not there"
            continue
        _check_same(said.setdefault(path, row), row, path, table.name)
        if not label:
            left_out[path] = f"no label that `fetch.classes` names in `{table.name}`"
            if chosen is None:
                left_out[path] = f"without a label in `{table.name}`"
        else:
            placed[path] = Reading(label, _split(row.get("split", ""), table.name))
            groups[path] = row.get("group", "")
    if not placed:
        raise CantingError(
            f"`{table.name}` lists no picture of `fetch.source`. Received, for example: "
            f"{listed(row['path'] for row in table.rows[:3]) or 'no row'}; the pictures are: "
            f"{listed(map(str, source.pictures))}. Write such paths in it, "
            "from the folder of the table, or their names alone; if another column has them, name "
            f"it in `fetch.labels: {{file: {table.name}, path: …}}`."
        )
    check_labels({one.label for one in placed.values()})
    for path in source.pictures.keys() - placed.keys() - left_out.keys():
        left_out[path] = f"not listed in `{table.name}`"
    read_as = f"labels of the table `{table.name}`"
    return Layout(placed, left_out, read_as), {path: one for path, one in groups.items() if one}


def _check_same(first: Row, row: Row, path: PurePosixPath, name: str) -> None:
    """Refuse two rows for a picture that differ in what is read of them."""
    both = [[one.get(key, "") for key in ("label", "split", "group")] for one in (first, row)]
    if both[0] != both[1]:
        words = " and ".join(", ".join(repr(word) for word in one if word) or "''" for one in both)
        raise CantingError(
            f"`{name}` lists {str(path)!r} twice, as {words}. Expected one row a picture. "
            "Remove one."
        )


def _split(text: str, name: str) -> str:
    if not text:
        return ""
    if text.casefold() not in SPLITS:
        raise CantingError(
            f"`{name}`: expected train, val or test in the column of splits. Received: {text!r}. "
            "Correct the table."
        )
    return SPLITS[text.casefold()]


class _Paths:
    """Finds the picture that a value of a table means: by path, by name, or without its suffix."""

    def __init__(self, source: Source, folder: PurePosixPath) -> None:
        self._source = source
        self._folder = folder
        self._by_name: dict[str, list[PurePosixPath]] = defaultdict(list)
        self._by_stem: dict[str, list[PurePosixPath]] = defaultdict(list)
        for path in source.pictures:
            self._by_name[path.name].append(path)
            self._by_stem[path.stem].append(path)

    def of(self, text: str, table: str) -> PurePosixPath | None:
        value = PurePosixPath(text.replace("\\", "/"))
        for path in (self._folder / value, value):
            if path in self._source.pictures:
                return path
        found = _ending(self._by_name[value.name], value) or [
            path
            for path in _named(self._by_stem[value.name])
            if _ending([path.with_suffix("")], value)
        ]
        if len(found) > 1:
            raise CantingError(
                f"`{table}` lists {text!r}, and `fetch.source` has several pictures of that name: "
                f"{listed(map(str, found))}. Expected paths from the folder of the table."
            )
        return found[0] if found else None


def _named(paths: Iterable[PurePosixPath]) -> Iterator[PurePosixPath]:
    return (path for path in paths if path.suffix)


def _ending(paths: Iterable[PurePosixPath], value: PurePosixPath) -> list[PurePosixPath]:
    """Return the paths that end as a value does."""
    count = len(value.parts)
    return [path for path in paths if path.parts[-count:] == value.parts]


def _table(source: Source, wanted: LabelsTable) -> LabelRows:
    folder, content = _content(source, wanted.file)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CantingError(
            f"`{wanted.file}`: expected a table in UTF-8. Received: {error}. Save it anew as UTF-8."
        ) from None
    first = text.split("\n", 1)[0]
    delimiter = max("\t;,", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise CantingError(f"`{wanted.file}` is not a CSV file: {error}. Correct it.") from None
    header = [name.strip() for name in lines[0]] if lines else []
    columns = {key: _column(key, header, wanted) for key in NAMES}
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if line and len(line) != len(header):
            raise CantingError(
                f"`{wanted.file}`, row {number}: expected {len(header)} values, as in the header. "
                f"Received: {len(line)}. Correct it; a value with {delimiter!r} stands in quotes."
            )
        if line:
            rows.append({key: line[at].strip() for key, at in columns.items() if at is not None})
    return LabelRows(wanted.file, folder, rows)


def _column(key: str, header: list[str], wanted: LabelsTable) -> int | None:
    """Return the place of a column: the one that was asked for, or the one with a usual name."""
    asked = getattr(wanted, key)
    folded = [name.casefold().replace(" ", "_").replace("-", "_") for name in header]
    known = NAMES[key].split()
    found = [at for at, name in enumerate(folded) if name in known]
    if asked is not None:
        found = [at for at, name in enumerate(header) if name == asked]
    elif known[0] in folded:
        found = [at for at in found if folded[at] == known[0]]
    if len(found) == 1:
        return found[0]
    if not found and asked is None and key in ("split", "group"):
        return None
    what = f"a column {asked!r}" if asked is not None else f"one column for the {key} of a picture"
    raise CantingError(
        f"`{wanted.file}`: expected {what}. Received the columns: {', '.join(header) or 'none'}. "
        f"Name it in `fetch.labels: {{file: {wanted.file}, {key}: …}}`."
    )


def _content(source: Source, name: str) -> tuple[PurePosixPath, bytes]:
    """Return a table's folder and bytes: one in the source, else a file here."""
    path = PurePosixPath(name)
    found = [path] if path in source.others else _ending(source.others, path)
    if len(found) > 1:
        raise CantingError(
            f"`fetch.labels` is {name!r}, and `fetch.source` has several of that name: "
            f"{listed(map(str, found))}. Give the whole path inside the source."
        )
    if found:
        # joined inside the loop: an archive is open only while it is read
        texts = [b"".join(chunks) for _, chunks in source.contents(found)]
        return found[0].parent, texts[0]
    try:
        return PurePosixPath(), Path(name).read_bytes()
    except (OSError, ValueError) as error:
        if not isinstance(error, FileNotFoundError | ValueError):
            raise CantingError(
                f"`fetch.labels`: {name!r} cannot be read: {error.strerror}."
            ) from None
        tables = [str(one) for one in source.others if one.suffix.lower() in TABLES]
        there = f" It has the tables {listed(tables)}." if tables else ""
        raise CantingError(
            f"`fetch.labels`: expected a table in `fetch.source`, or a file here. Received: "
            f"{name!r}, and nothing is there.{there}"
        ) from None
