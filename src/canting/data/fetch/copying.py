"""File names of fetched pictures: `<label>/<file>`, without collisions."""

import hashlib
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import compress
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from canting.core.errors import CantingError
from canting.core.names import composed
from canting.data.fetch.collections import Together
from canting.data.fetch.digests import DigestRow
from canting.data.fetch.paths import check_name, free_path, key
from canting.data.fetch.source import local

Names = dict[PurePosixPath, str]
"""What each picture is written as, by its path inside the source."""


def targets(labels: Mapping[PurePosixPath, str]) -> Names:
    """Return `<label>/<file>` for every picture, whatever order they come in."""
    together = defaultdict(list)
    for path, label in sorted(labels.items()):
        check_name(path.name, f"A picture of class {label!r}")
        together[label].append(path)
    return {
        path: f"{label}/{name}"
        for label, paths in sorted(together.items())
        for path, name in _file_names(paths).items()
    }


def _file_names(paths: list[PurePosixPath]) -> Names:
    """Keep names that only one picture has; put the folder before those that several have."""
    _check_twins(paths)
    count = Counter(key(path.name) for path in paths)
    names = {path: composed(path.name) for path in paths if count[key(path.name)] == 1}
    taken = set(map(key, names.values()))
    prefixes = _prefixes({path.parent for path in paths})
    for path in paths:
        if path not in names:
            names[path] = free_path(f"{prefixes[path.parent]}-{path.name}", taken)
            taken.add(key(names[path]))
    return names


def _check_twins(paths: list[PurePosixPath]) -> None:
    seen: dict[tuple[PurePosixPath, str], PurePosixPath] = {}
    for path in paths:
        twin = seen.setdefault((path.parent, key(path.name)), path)
        if twin != path:
            raise CantingError(
                f"The names of the pictures {str(twin)!a} and {str(path)!a} differ only "
                "by case or Unicode form, and not every file system holds both. Rename one."
            )


def _prefixes(folders: Collection[PurePosixPath]) -> dict[PurePosixPath, str]:
    """Return what distinguishes each folder from others of its label: the parts that differ."""
    deepest = max(len(path.parts) for path in folders)
    columns = [
        {path.parts[-place] if place <= len(path.parts) else "" for path in folders}
        for place in range(1, deepest + 1)
    ]
    differing = [len(seen) > 1 for seen in columns]
    return {path: _joined(compress(path.parts[::-1], differing)) for path in folders}


def _joined(parts: Iterable[str]) -> str:
    return "-".join(dict.fromkeys(composed(part) for part in [*parts][::-1]))


def copied(source: Together, names: Names, target: Path) -> Iterator[DigestRow]:
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
            f"`fetch.source` must be outside of `{target}`, which is written. "
            f"Received: {source!r}. Name the folder of the classes itself."
        )


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CantingError(
            f"The pictures take {needed:,} bytes, and the disk of `{folder}` has {free:,} left. "
            "Free some space. Nothing was written."
        )


def _write(target: Path, name: str, chunks: Iterable[bytes]) -> DigestRow:
    digest, size = hashlib.sha256(), 0
    try:
        with (target / name).open("xb") as file:
            for chunk in chunks:
                size += file.write(chunk)
                digest.update(chunk)
    except OSError as error:
        raise CantingError(f"The picture {name!r} cannot be written: {error.strerror}.") from None
    return DigestRow(name, size, digest.hexdigest())
