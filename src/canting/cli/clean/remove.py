"""What a clean-up removes and what it keeps, with sizes in bytes."""

import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from canting.core import files
from canting.core.cache import DAMAGED

KINDS = {
    "features": "views",
    "parts": "parts of views",
    "trunks": "trunks",
    "train": "trainings",
    "export": "answers of exports",
    "corruptions": "changed pictures",
    "other": "answers on other collections",
    "tune": "searches",
    "predict": "answers for many files",
}
"""Folders of the cache, and what one key in each stands for.

Downloads, and runs that wait for a tracking server, lie elsewhere and are never touched.
"""


class CacheEntry(NamedTuple):
    """All cached files of one key."""

    folder: str
    paths: tuple[Path, ...]

    @property
    def frees(self) -> int:
        """Bytes that removing it frees: not those of a file that `build` or DVC links as well."""
        return sum(map(_frees, self.paths))

    @property
    def key(self) -> tuple[str, str]:
        """The folder and the key that it is needed by: answers of exports go with a training."""
        stem = self.paths[0].stem
        return ("train", stem.partition("-")[0]) if self.folder == "export" else (self.folder, stem)

    @property
    def is_unfinished(self) -> bool:
        """Tell whether it is half a training, a search without its score, or a part of a whole.

        Parts of views, and what `canting predict` keeps, go when the views or the table are whole.
        """
        suffixes = {path.suffix: path for path in self.paths}
        if self.folder == "train":
            return ".npz" not in suffixes
        if self.folder in ("parts", "predict"):
            return True
        return self.folder == "tune" and not _has_score(suffixes.get(".json"))


class Plan(NamedTuple):
    """The cache, split into what is needed, not needed, and not needed but unfinished.

    `left` are the files and folders that were being written beside others: where no stage runs, by
    processes that were killed.
    """

    needed: list[CacheEntry]
    idle: list[CacheEntry]
    unfinished: list[CacheEntry]
    left: list[Path]


def plan(cache: Path, needed: Collection[Path]) -> Plan:
    """Split the cache by whether it is needed; `needed` are the files that the stages look for.

    Views that grow are needed where the whole ones are.
    """
    keys = {(path.parent.name, path.stem) for path in needed}
    keys |= {("parts", path.stem) for path in needed if path.suffix == ".npy"}
    found = Plan([], [], [], list(_left(cache)))
    for one in _kept(cache):
        if one.key in keys:
            found.needed.append(one)
        else:
            (found.unfinished if one.is_unfinished else found.idle).append(one)
    return found


def remove(kept: Collection[CacheEntry], left: Collection[Path] = ()) -> None:
    """Remove files; those that say that the others are whole go first."""
    for path in left:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for one in kept:
        for path in sorted(one.paths, key=lambda path: path.suffix != ".json"):
            path.unlink(missing_ok=True)


def as_text(found: Plan, *, unfinished: bool) -> str:
    """Return what a clean-up removes and what it keeps, in lines."""
    going = [*found.idle, *(found.unfinished if unfinished else ())]
    lines = [
        f"{word}: {_told([one for one in going if one.folder == folder])}"
        for folder, word in KINDS.items()
    ]
    lines.append(f"Not needed by the parameters, in total: {_told(going)}")
    if found.unfinished and not unfinished:
        lines.append(
            "Unfinished views, trainings and searches of other parameters, and predictions: "
            f"{_told(found.unfinished)}. "
            "They stay; `--unfinished` removes them too."
        )
    if found.left:
        size = sum(_frees(path) for path in found.left)
        lines.append(
            f"Half-written, by processes that no longer run: {_size(len(found.left), size)}"
        )
    lines.append(f"Needed by the parameters, kept: {_told(found.needed)}")
    return "\n".join(lines)


def _told(kept: Collection[CacheEntry]) -> str:
    return _size(len(kept), sum(one.frees for one in kept))


def _size(count: int, size: int) -> str:
    return f"{count}, {size / 1e6:,.1f} MB"


def _left(cache: Path) -> Iterator[Path]:
    for folder in KINDS:
        hidden = sorted((cache / folder).glob(".*"))
        yield from (path for path in hidden if files.UNFINISHED.fullmatch(path.name))


def _frees(path: Path) -> int:
    """Return the bytes that removing a file or a folder frees."""
    stats = (one.stat() for one in (path, *path.rglob("*")) if one.is_file())
    return sum(stat.st_size for stat in stats if stat.st_nlink == 1)


def _kept(cache: Path) -> Iterator[CacheEntry]:
    for folder in KINDS:
        keys: dict[str, list[Path]] = {}
        for path in sorted((cache / folder).glob("*")):
            if path.is_file() and not path.name.startswith("."):
                keys.setdefault(path.stem, []).append(path)
        yield from (CacheEntry(folder, tuple(paths)) for paths in keys.values())


def _has_score(record: Path | None) -> bool:
    try:
        return record is not None and files.read_json(record)["tuned"] is not None
    except DAMAGED:
        return True
