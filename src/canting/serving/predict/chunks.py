"""How the files to predict are cut into chunks, and where the chunks are kept."""

import contextlib
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from canting.core import files
from canting.core.cache import used
from canting.core.keys import code_key
from canting.serving.predict.chunk import STDIN, PredictChunk, keep, state_of

MOST = 500
"""Files of a chunk at most: some 5 to 30 seconds of a core, which is what a kill costs each core.

So many files, or fewer, are predicted without keeping anything: they are as quickly done again.
"""

PARTS = 256
"""Chunks at least where they are kept, so that 64 cores have four each before the last one ends.

It is no count of cores: the chunks of the same files are then the same on every machine.
"""

FOLDER = Path(".canting") / "predict"
"""Folder of the kept chunks, below that of the project, or the present one where there is none."""


class Bundle(NamedTuple):
    """A bundle's folder and the digest of what lies in it."""

    folder: Path
    digest: str


def few(paths: Sequence[Path], bundle: Bundle, cores: int) -> list[PredictChunk]:
    """Cut few files into chunks that are not kept, four for each core."""
    size = max(1, math.ceil(len(paths) / (4 * cores)))
    return [PredictChunk(*bundle, part) for part in _cut(paths, size)]


def kept(paths: Sequence[Path], bundle: Bundle, folder: Path) -> list[PredictChunk]:
    """Cut many files into chunks that are kept in a folder, each under all that decides on it.

    That is the bundle, the code, and of each file its path, its size and when it was changed.
    """
    made_by = files.digest(bundle.digest, code_key(keep))
    size = min(MOST, math.ceil(len(paths) / PARTS))
    return [
        PredictChunk(*bundle, part, folder / f"{_key(made_by, part)}.json")
        for part in _cut(paths, size)
    ]


def _cut(paths: Sequence[Path], size: int) -> Iterator[tuple[Path, ...]]:
    return (tuple(paths[start : start + size]) for start in range(0, len(paths), size))


def _key(made_by: str, paths: Sequence[Path]) -> str:
    return files.digest(made_by, [_identity(path) for path in paths])


def _identity(path: Path) -> tuple[object, ...]:
    """Return what tells a file with this content; standard input is another one each time."""
    if path == STDIN:
        return str(STDIN), os.urandom(16).hex()
    return os.path.abspath(path), *(state_of(path) or ())  # noqa: PTH100 (links stay)


@contextlib.contextmanager
def place(root: Path) -> Iterator[Path]:
    """Yield the folder for kept chunks; it goes when it is empty. `canting clean` leaves it alone.

    Where nothing can be written there, it is a temporary one, which standard error is told.
    """
    folder = root / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        print(
            f"warning: `{folder}` cannot be written ({error.strerror}), so that an interrupted run "
            "starts from the beginning",
            file=sys.stderr,
        )
        with tempfile.TemporaryDirectory() as instead:
            yield Path(instead)
        return
    try:
        with used(folder.parent) if _is_project(root) else contextlib.nullcontext():
            yield folder
    except KeyboardInterrupt:
        told = f"Answers are kept in `{folder}`; the same command goes on from there."
        print(f"\n{told}", file=sys.stderr)
        raise
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()
            folder.parent.rmdir()


def _is_project(root: Path) -> bool:
    return all((root / name).is_file() for name in ("dvc.yaml", "params.yaml"))


def remove(chunks: Sequence[PredictChunk]) -> None:
    """Remove what is kept of chunks, and what a killed process left beside a whole one."""
    for path in (one.kept for one in chunks if one.kept is not None):
        path.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another run ends at the same time
            for left in path.parent.glob(f".{path.name}.aside-*"):
                shutil.rmtree(left, ignore_errors=True)
