"""Resolve files, folders and patterns to files."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from canting.config.formats import suffixes
from canting.core.errors import CantingError


def expand(names: Sequence[str]) -> list[Path]:
    """Return the files behind names of files, folders and patterns, each once.

    In the order of the names; folders are searched to any depth, sorted, without hidden files
    and other endings; a file that is named is always taken.
    Raises `CantingError` for a name that is nothing, or where there is no picture at all.
    """
    found = list(dict.fromkeys(path for name in names for path in _behind(name)))
    if not found:
        raise CantingError(
            f"Expected pictures ({', '.join(sorted(suffixes()))}). Received: none in "
            f"{', '.join(f'`{name}`' for name in names)}. Nothing was predicted."
        )
    return found


def _behind(name: str) -> Iterator[Path]:
    path = Path(name)
    if path.is_dir():
        yield from _pictures(path)
        return
    matches = [path] if path.exists() else [Path(one) for one in _matching(name)]
    if not matches:
        raise CantingError(
            f"`{name}`: expected a file, a folder or a pattern such as `'photos/*.jpg'`. "
            "Received: a name that matches nothing. Nothing was predicted."
        )
    for one in matches:
        yield from _pictures(one) if one.is_dir() else (one,)


def _matching(pattern: str) -> list[str]:
    return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 (absolute patterns too)


def _pictures(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )
