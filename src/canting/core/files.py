"""Files: atomic writing, JSON, digests, and arrays on disk."""

import glob
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

UNFINISHED = re.compile(r"\..+\.(aside-[a-z0-9_]{8}|[0-9a-f]{8})")
"""Names of what is written beside a file: by `replacing`, and by copies to and from a storage."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write a file or a folder to; rename it to `path` at the end.

    After an error, `path` is what it was before and nothing is left beside it. What a killed
    process left beside it is removed by the next one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.aside-*"):
        shutil.rmtree(left)
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.aside-", dir=path.parent))
    try:
        yield aside / path.name
        _exchange(aside / path.name, path, aside / "replaced")
    finally:
        shutil.rmtree(aside)


def _exchange(new: Path, path: Path, old: Path) -> None:
    if not path.is_dir():
        new.replace(path)
        return
    path.replace(old)
    try:
        new.replace(path)
    except OSError:
        old.replace(path)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file, whole or not at all."""
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write JSON with a stable layout; NaN and infinity are refused with `ValueError`."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(*parts: object) -> str:
    """Return the SHA-256, as hexadecimal digits, of the JSON of all parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def tree_digest(root: Path, paths: Iterable[Path]) -> str:
    """Return a digest of files, with their paths below `root`, and of all files in folders."""
    below = (sorted(path.rglob("*")) if path.is_dir() else [path] for path in paths)
    found = [path for part in below for path in part if path.is_file()]
    return digest([(path.relative_to(root).as_posix(), sha256(path)) for path in found])


@contextmanager
def writing(path: Path, shape: tuple[int, ...], dtype: Any) -> "Iterator[npt.NDArray[Any]]":
    """Yield a memory-mapped array that becomes the file `path` when all of it is written.

    Raises `OSError` at once where the disk has no room for it.
    """
    import numpy as np  # here, since `canting doctor` runs without it

    with replacing(path) as aside:
        array = np.lib.format.open_memmap(aside, mode="w+", dtype=dtype, shape=shape)
        with aside.open("r+b") as file:
            _reserve(file)
        yield array
        array.flush()


@contextmanager
def scratch(folder: Path, shape: tuple[int, ...], dtype: Any) -> "Iterator[npt.NDArray[Any]]":
    """Yield an array in a file without a name in `folder`: its pages need not stay in memory.

    Raises `OSError` at once where the disk has no room for it.
    """
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        array = np.memmap(file, dtype, "w+", shape=shape)
        _reserve(file)
        yield array


def _reserve(file: IO[bytes]) -> None:
    """Take the room of a sparse file now: a disk that fills under a mapping kills the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
