"""Copy pictures, each read once: written and digested in the same pass."""

import hashlib
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from canting.core.errors import CantingError
from canting.fetch.digests import Row
from canting.fetch.naming import Names
from canting.fetch.source import Source, local


def copied(source: Source, names: Names, target: Path) -> Iterator[Row]:
    """Write every picture to `target` under its name, and yield its row of the digest list."""
    _check_space(target.parent, sum(source.pictures[path] for path in names))
    for label in {name.partition("/")[0] for name in names.values()}:
        (target / label).mkdir(parents=True)
    contents = source.contents(names.keys())
    bar = tqdm(
        contents, desc="fetch", total=len(names), unit=" pictures", file=sys.stderr, mininterval=0.5
    )
    for path, chunks in bar:
        yield _write(target, names[path], chunks)


def check_apart(source: str, target: Path) -> None:
    """Raise if one of source and target lies in the other: no stage may write into its source."""
    here, there = local(source).resolve(), target.resolve()
    if here.is_relative_to(there) or (here.is_dir() and there.is_relative_to(here)):
        raise CantingError(
            f"`fetch.source` must lie apart from `{target}`, which is written. "
            f"Received: {source!r}. Name the folder of the classes itself."
        )


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CantingError(
            f"The pictures take {needed:,} bytes, and the disk of `{folder}` has {free:,} left. "
            "Free some space. Nothing was written."
        )


def _write(target: Path, name: str, chunks: Iterable[bytes]) -> Row:
    digest, size = hashlib.sha256(), 0
    try:
        with (target / name).open("xb") as file:
            for chunk in chunks:
                size += file.write(chunk)
                digest.update(chunk)
    except OSError as error:
        raise CantingError(f"The picture {name!r} cannot be written: {error.strerror}.") from None
    return Row(name, size, digest.hexdigest())
