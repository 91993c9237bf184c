"""Resolve files, folders and patterns to files."""

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from canting.config import formats
from canting.core.errors import CantingError
from canting.core.names import ignored
from canting.serving.predict.chunk import STDIN

_MOST_KINDS = 8
"""Kinds of files that are named one by one."""


class Expanded(NamedTuple):
    """Files that are or should be pictures, and how many of each kind of others lay beside them.

    `others` are counted by suffix, `unread` by the name of their format, `left_out` by the reason.
    """

    files: list[Path]
    others: Counter[str]
    unread: Counter[str]
    left_out: Counter[str]

    def told(self) -> str:
        """Return one line that names what is not read; nothing where there is nothing."""
        parts = [
            _part(self.others, "no picture", "no pictures"),
            _part(self.unread, "picture of a format not read", "pictures of formats not read"),
            _part(self.left_out, "entry left out", "entries left out"),
        ]
        return "; ".join(filter(None, parts))


def _part(counts: "Counter[str]", one: str, many: str) -> str:
    if not counts:
        return ""
    total = counts.total()
    named = [f"{count} × {kind}" for kind, count in counts.most_common(_MOST_KINDS)]
    rest = total - sum(count for _, count in counts.most_common(_MOST_KINDS))
    named += [f"{rest} × others"] if rest else []
    return f"{total} {one if total == 1 else many} ({', '.join(named)})"


def expand(names: Sequence[str]) -> Expanded:
    """Return the files behind names of files, folders and patterns, each once.

    In the order of the names; folders are searched to any depth, sorted, for what is a picture by
    its content or is called one; a file that is named is always taken, `-` is standard input.
    Raises `CantingError` for a name that is nothing, or where there is no picture at all.
    """
    found = Expanded([], Counter(), Counter(), Counter())
    seen: set[Path] = set()
    for path in (path for name in names for path in _behind(name, found, seen)):
        if path not in seen:
            seen.add(path)
            found.files.append(path)
    if not found.files:
        told = found.told()
        raise CantingError(
            f"Expected pictures ({formats.offered('and')}). Received: none in "
            f"{', '.join(f'`{name}`' for name in names)}{f'; {told}' if told else ''}. "
            "Nothing was predicted."
        )
    return found


def _behind(name: str, found: Expanded, seen: set[Path]) -> Iterator[Path]:
    if name == str(STDIN):
        yield STDIN
        return
    path = Path(name).absolute() if Path(name) == STDIN else Path(name)
    if path.is_dir():
        yield from _pictures(path, found, seen)
        return
    matches = [path] if path.exists() else [Path(one) for one in _matching(name)]
    if not matches:
        raise CantingError(
            f"`{name}`: expected a file, a folder or a pattern such as `'photos/*.jpg'`. "
            "Received: a name that matches nothing. Nothing was predicted."
        )
    for one in matches:
        if one.is_char_device() or one.is_block_device():
            raise CantingError(
                f"`{name}`: expected a file, a folder or a pattern. Received: the device `{one}`. "
                "Nothing was predicted."
            )
        yield from _pictures(one, found, seen) if one.is_dir() else (one,)


def _matching(pattern: str) -> list[str]:
    return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 (absolute patterns too)


def _pictures(folder: Path, found: Expanded, seen: set[Path]) -> list[Path]:
    if folder in seen:
        return []
    seen.add(folder)
    return sorted(path for path in _files(folder, found) if _is_picture(path, found))


def _files(folder: Path, found: Expanded) -> Iterator[Path]:
    """Yield the files below a folder; count what is hidden, litter, or a link to a folder."""

    def failed(error: OSError) -> None:
        found.left_out[f"`{error.filename}`: {error.strerror}"] += 1

    for root, folders, files in os.walk(folder, onerror=failed):
        for name in list(folders):
            if ignored(name):
                found.left_out["hidden folder"] += 1
            elif (Path(root) / name).is_symlink():
                found.left_out["link to a folder"] += 1
            else:
                continue
            folders.remove(name)
        for name in files:
            path = Path(root) / name
            if ignored(name):
                found.left_out["hidden file"] += 1
            elif path.is_symlink() and not path.exists():
                found.left_out["broken link"] += 1
            elif path.is_file():
                yield path
            else:
                found.left_out["no file"] += 1


def _is_picture(path: Path, found: Expanded) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(formats.LEAST_START)
    except OSError:
        return True  # whoever reads it will say why it cannot be read
    kind = formats.recognised(start, path.name)
    if kind is None:
        found.others[path.suffix.lower() or "no suffix"] += 1
    elif not kind.pipeline:
        found.unread[kind.name] += 1
    return kind is not None and kind.pipeline
