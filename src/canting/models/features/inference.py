"""Inference of many pictures through a trunk over all cores, nodes or GPUs, kept as it is made.

On processors, a task is some rows of all arrays: each is kept as a file of its own, and all are put
together at the end. On GPUs, arrays are made one after another.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt

from canting.core import files, parallel
from canting.core.cache import read_whole
from canting.core.cluster.portable import Need
from canting.core.errors import CantingError
from canting.imaging.pictures import Pixels
from canting.models.features import trunk
from canting.models.features.cache import CachedView
from canting.models.features.trunk import KerasTrunk

CHUNK, MOST_PARTS, BATCH = 32, 1000, 128
"""Pictures a task: on cores small enough to balance them, large enough to hide the overhead, and
with many pictures as many more as make so many parts; on a GPU, where VGG19 takes some 3 GB of its
memory for so many of 224 × 224 pixels.
"""


class Maker(Protocol):
    """Makes the pictures that go through the trunk."""

    def make(self, number: int, row: int) -> Pixels:
        """Return the picture of an array's row."""
        ...

    def needs(self, rows: range) -> list[Need]:
        """Return the files that rows are made from on another machine."""
        ...

    def moved(self, rows: range) -> Self:
        """Return what makes these rows there."""
        ...


class ViewsPart(NamedTuple):
    """Some rows of the arrays of some numbers; `made_for` is a digest of the arrays."""

    maker: Maker
    trunk: Path
    numbers: tuple[int, ...]
    rows: range
    made_for: str
    cache: Path

    @property
    def name(self) -> str:
        """The file below the cache."""
        return f"parts/{self._own}.npz"

    @property
    def _own(self) -> str:
        return f"{self.made_for}-{self.rows.start:09d}"

    @property
    def is_fixed(self) -> bool:
        """The name decides on the content."""
        return True

    @property
    def comes_home(self) -> bool:
        """The whole is put together where the parts are."""
        return False

    def needs(self) -> list[Need]:
        """Return the trunk, and the rows of pictures."""
        name = f"trunks/{self.trunk.name}"
        pictures = self.maker.needs(self.rows)
        ours = [one._replace(name=f"pictures/{self._own}.npy") for one in pictures]
        return [Need(name, self.trunk, name), *ours]

    def makes(self) -> list[str]:
        """Return the name of its file."""
        return [self.name]

    def moved(self) -> "ViewsPart":
        """Return the task for another machine."""
        there = Path("trunks", self.trunk.name)
        return self._replace(maker=self.maker.moved(self.rows), trunk=there, cache=Path())


class WholeViews(NamedTuple):
    """The arrays that parts are put together to: by number, the name of the file."""

    parts: tuple[str, ...]
    arrays: dict[int, str]
    pictures: int
    cache: Path

    @property
    def is_fixed(self) -> bool:
        """The names decide on the content."""
        return True

    @property
    def comes_home(self) -> bool:
        """Arrays are what the stage is for."""
        return True

    def needs(self) -> list[Need]:
        """Return the parts."""
        return [Need(name, self.cache / name, name, stays=False) for name in self.parts]

    def makes(self) -> list[str]:
        """Return the names of the arrays."""
        return list(self.arrays.values())

    def moved(self) -> "WholeViews":
        """Return the task for another machine."""
        return self._replace(cache=Path())


def run(
    maker: Maker,
    answer: Path | KerasTrunk,
    missing: Mapping[int, CachedView],
    count: int,
    *,
    label: str,
    start: float,
) -> None:
    """Write what a trunk answers to `count` pictures into each missing array.

    Killed at any moment, it leaves whole arrays or whole parts. Each array notes its seconds; those
    of the first array or of all in equal shares are counted since `start`.
    """
    if isinstance(answer, KerasTrunk):
        _one_by_one(maker, answer, missing, count, label, start)
        return
    cache = next(iter(missing.values())).array.parents[1]
    arrays = {number: one.array.relative_to(cache).as_posix() for number, one in missing.items()}
    made_for = files.digest(arrays, count)
    size = max(CHUNK, math.ceil(count / MOST_PARTS))
    rows = [range(at, min(at + size, count)) for at in range(0, count, size)]
    parts = [ViewsPart(maker, answer, tuple(missing), one, made_for, cache) for one in rows]
    whole = WholeViews(tuple(one.name for one in parts), arrays, count, cache)
    if not parallel.is_held(whole):
        for _ in parallel.run(answer_part, parts, label=label, total=len(parts)):
            pass
        list(parallel.silent(put_together, [whole]))
    seconds = (time.perf_counter() - start) / len(missing)
    for place in missing.values():
        place.finish(seconds)
    _check(missing, arrays, count)
    parallel.discard(need.name for one in parts for need in one.needs() if not need.stays)
    parallel.discard(whole.parts)
    for name in whole.parts:
        (cache / name).unlink(missing_ok=True)


def _check(missing: Mapping[int, CachedView], arrays: Mapping[int, str], count: int) -> None:
    """Raise `CantingError` where a storage held a damaged array, which is removed there."""
    damaged = [number for number, place in missing.items() if not place.is_whole(count)]
    if damaged:
        parallel.discard(arrays[number] for number in damaged)
        raise CantingError(
            f"`compute.storage`: expected whole features in `{arrays[damaged[0]]}`. Received: a "
            "damaged file, which was removed there and here. Run again, and it is made again."
        )


def answer_part(task: ViewsPart) -> None:
    """Write what a trunk answers to the rows of a part; one that is there is not made again."""
    path = task.cache / task.name
    if read_whole(path, _rows) == len(task.rows):
        return
    answer = trunk.answering(task.trunk)
    with files.replacing(path) as aside, ZipFile(aside, "w") as written:
        for number in task.numbers:  # one after another: all at once would fill the memory
            rows = np.stack([answer(task.maker.make(number, row)) for row in task.rows])
            with written.open(f"{number}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, rows, allow_pickle=False)


def _rows(path: Path) -> int:
    """Return the rows of a part; raise where an array of it cannot be read."""
    with path.open("rb") as file, np.load(file) as part:  # which NumPy leaves open after a fault
        (count,) = {len(part[name]) for name in part}
    return count


def put_together(task: WholeViews) -> None:
    """Write the arrays; each is whole or not there."""
    arrays: dict[int, npt.NDArray[Any]] = {}
    with ExitStack() as closing:
        start = 0
        for name in task.parts:
            with np.load(task.cache / name) as part:
                for number, path in task.arrays.items():
                    rows = part[str(number)]
                    if number not in arrays:
                        written = task.cache / path, (task.pictures, *rows.shape[1:]), rows.dtype
                        arrays[number] = closing.enter_context(files.writing(*written))
                    arrays[number][start : start + len(rows)] = rows
            start += len(rows)


class _Batch(NamedTuple):
    number: int
    rows: range


def _one_by_one(
    maker: Maker,
    trunk: KerasTrunk,
    missing: Mapping[int, CachedView],
    count: int,
    label: str,
    start: float,
) -> None:
    tasks = [
        _Batch(number, range(at, min(at + BATCH, count)))
        for number in missing
        for at in range(0, count, BATCH)
    ]
    with ExitStack() as closing:
        array: npt.NDArray[Any] | None = None
        for task, chunk in zip(tasks, _in_batches(maker, trunk, tasks, label), strict=True):
            place = missing[task.number]
            if array is None:
                shape = (count, *chunk.shape[1:])
                array = closing.enter_context(files.writing(place.array, shape, chunk.dtype))
            array[task.rows.start : task.rows.stop] = chunk
            if task.rows.stop == count:
                closing.pop_all().close()
                array, end = None, time.perf_counter()
                place.finish(end - start)
                start = end


def _in_batches(
    maker: Maker, trunk: KerasTrunk, tasks: Sequence[_Batch], label: str
) -> Iterator[npt.NDArray[Any]]:
    """Make the next batch on all cores while the GPUs work on those before."""
    made = (
        np.stack(list(parallel.silent(partial(maker.make, one.number), one.rows))) for one in tasks
    )
    return parallel.run(trunk.answers, made, label=label, total=len(tasks), gpus=trunk.device.gpus)
