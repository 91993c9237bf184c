"""Pictures in Parquet files, as the library `datasets` writes them."""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.parquet import ParquetFile

from canting.config.formats import LEAST_START, recognised
from canting.core.errors import CantingError
from canting.core.names import ignored, is_unfit
from canting.data.fetch.folder import CHUNK
from canting.data.fetch.names import listed
from canting.data.fetch.parquet_columns import Columns, Features, Picked, found_columns
from canting.data.fetch.paths import check_name, key

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
}
"""https://huggingface.co/docs/datasets/repository_structure"""

SHARD = re.compile(r"(-\d+-of-\d+(-[0-9a-f]+)?)?\.parquet$", re.IGNORECASE)
"""The end of a file's name: which part of its split it is."""

LONGEST = 200
"""Bytes of a file's name that every file system holds, with room for a number."""

AT_ONCE = 16
"""Rows that are held in memory at once."""


class Parquet:
    """The rows of Parquet files as `<split>/<label>/<picture>`, read a few at a time.

    `others`: rows that are no labelled picture, as `<file>/<row>`, with the reason.
    """

    def __init__(
        self,
        name: str,
        root: Path,
        files: Sequence[PurePosixPath],
        picked: Picked,
        features: Features,
    ) -> None:
        """List the rows of the files below `root`, by reading them once."""
        self.name = name
        self.root = root
        self.pictures: dict[PurePosixPath, int] = {}
        self.folders: set[PurePosixPath] = set()
        self.others: dict[PurePosixPath, str] = {}
        self.links: frozenset[PurePosixPath] = frozenset()
        self._rows: dict[PurePosixPath, tuple[PurePosixPath, int]] = {}
        self._columns: dict[PurePosixPath, Columns] = {}
        self._taken: set[tuple[PurePosixPath, str]] = set()
        splits = _splits(name, files)
        count = 0
        for file in sorted(files):
            with self._opened(file) as opened:
                columns = found_columns(opened.schema_arrow, picked, features, self._name(file))
                self._columns[file] = columns
                count = self._list(file, opened, splits[file], count)

    def contents(
        self, paths: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, Iterator[bytes]]]:
        """Yield each of the pictures with its bytes, in the order of the rows."""
        wanted: dict[PurePosixPath, dict[int, PurePosixPath]] = {}
        for path in paths:
            file, row = self._rows[path]
            wanted.setdefault(file, {})[row] = path
        for file, rows in sorted(wanted.items()):
            with self._opened(file) as opened:
                for row, content, _, _ in _read(opened, self._columns[file], labels=False):
                    if row in rows:
                        yield rows[row], iter([content.to_pybytes()])

    def _list(self, file: PurePosixPath, opened: Any, split: str, count: int) -> int:
        columns = self._columns[file]
        for row, content, original, value in _read(opened, columns, labels=True):
            count += 1
            label = columns.label_of(value)
            suffixes = _suffixes(content) if content else ()
            reason = _reason(content, label, suffixes)
            if reason or label is None:
                self.others[file / str(row)] = reason
                continue
            folder = PurePosixPath(split, self._label(label, file))
            self.folders.update({folder, *folder.parents} - {PurePosixPath()})
            path = folder / self._free(folder, _named(original, suffixes, count))
            self.pictures[path] = content.size
            self._rows[path] = file, row
        return count

    def _label(self, label: str, file: PurePosixPath) -> str:
        where = f"A label in the column {self._columns[file].label!r} of `{self._name(file)}`"
        if not label or "/" in label or ignored(label):
            raise CantingError(
                f"{where} must be text that can name a folder: not empty, without `/`, without a "
                f"dot at the start. Received: {label!r}. Choose another column with ?label:COLUMN "
                "at the end of `fetch.source`, or write the pictures to folders yourself."
            )
        check_name(label, where)
        return label

    def _free(self, folder: PurePosixPath, names: Iterator[str]) -> str:
        """Return the first name that no other picture of the folder has, in whichever case."""
        for name in names:
            if (folder, key(name)) not in self._taken:
                self._taken.add((folder, key(name)))
                return name
        raise AssertionError("the number of a row is taken")

    def _name(self, file: PurePosixPath) -> str:
        return f"{self.name}: {file}"

    @contextmanager
    def _opened(self, file: PurePosixPath) -> Iterator[Any]:
        try:
            with ParquetFile(self.root / file, pre_buffer=False, buffer_size=CHUNK) as opened:
                yield opened
        except (pa.lib.ArrowException, OSError) as error:
            raise CantingError(
                f"`{self._name(file)}` is not a Parquet file that can be read: "
                f"{' '.join(str(error).split())}. It arrived as the data set has it; name another "
                "revision or another folder of it."
            ) from None


def _read(opened: Any, columns: Columns, labels: bool) -> Iterator[tuple[int, Any, Any, Any]]:
    """Yield number, content (a buffer; none: null), original name and label of every row."""
    names = [columns.image, columns.label] if labels else [columns.image]
    row = 0
    for batch in opened.iter_batches(AT_ONCE, columns=names, use_threads=False):
        contents, originals = _parts(batch.column(columns.image))
        values = batch.column(columns.label).to_pylist() if labels else [None] * len(batch)
        for content, original, value in zip(contents, originals, values, strict=True):
            yield row, content.as_buffer(), original, value
            row += 1


def _parts(column: Any) -> tuple[Any, list[Any]]:
    if not pa.types.is_struct(column.type):
        return column, [None] * len(column)
    has_path = column.type.get_field_index("path") >= 0
    paths = pc.struct_field(column, "path").to_pylist() if has_path else [None] * len(column)
    return pc.struct_field(column, "bytes"), paths


def _suffixes(content: Any) -> tuple[str, ...]:
    """Return the suffixes of the format that content starts as; none: a format not read."""
    found = recognised(content.slice(0, min(LEAST_START, content.size)).to_pybytes())
    return found.suffixes if found and found.pipeline else ()


def _reason(content: Any, label: str | None, suffixes: Collection[str]) -> str:
    if not content:
        return "holds no picture"
    if not suffixes:
        return "is no picture of a format that is read"
    return "has no label" if label is None else ""


def _named(original: object, suffixes: Sequence[str], number: int) -> Iterator[str]:
    """Yield the name of the original file if it fits, and names with the number of the row."""
    stem = f"{number:06d}"
    path = PurePosixPath(str(original or "").replace("\\", "/"))
    name = path.name if path.suffix.lower() in suffixes else f"{path.stem}{suffixes[0]}"
    if path.stem and _fits(name):
        yield name
        yield f"{PurePosixPath(name).stem}-{stem}{PurePosixPath(name).suffix}"
    yield f"{stem}{suffixes[0]}"
    yield f"row-{stem}{suffixes[0]}"


def _fits(name: str) -> bool:
    unfit = is_unfit(name)
    return not (unfit or ignored(name) or len(name.encode("utf-8", "replace")) > LONGEST)


def split_of(file: PurePosixPath) -> tuple[str, PurePosixPath]:
    """Return a file's split, by its name or its folder (empty: neither), and the folder of all."""
    stem, folder = SHARD.sub("", file.name), file.parent
    if split := _split(stem):
        return split, folder
    if split := _split(folder.name):
        return split, folder.parent
    return "", folder


def _split(name: str) -> str:
    if name.casefold() in SPLITS:
        return SPLITS[name.casefold()]
    words = re.split(r"[\W_]+", name.casefold())
    return "" if SPLITS.keys().isdisjoint(words) else name


def _splits(name: str, files: Sequence[PurePosixPath]) -> dict[PurePosixPath, str]:
    """Return the split of every file, or refuse where only some have one."""
    splits = {file: split_of(file)[0] for file in files}
    without = sorted(str(file) for file, split in splits.items() if not split)
    if without and len(without) < len(files):
        raise CantingError(
            f"`{name}` has Parquet files of the splits {listed(set(splits.values()) - {''})}, and "
            f"others that tell no split: {listed(without)}. Name the folder or the file to take in "
            "`fetch.source`: hf:owner/name/FOLDER[@revision]."
        )
    return splits
