"""Inference of many pictures through a trunk over all cores, nodes or GPUs, kept as it is made.

On processors, a task is some rows of all arrays, a file that is put into the growing arrays as soon
as it is there. On GPUs, arrays are made one after another.
"""

import itertools
import math
import socket
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
from canting.models.features.growing import GrowingView, Rows
from canting.models.features.trunk import KerasTrunk

CHUNK, MOST_PARTS, BATCH = 32, 1000, 128
"""Pictures a task: on cores small enough to balance them, large enough to hide the overhead, and
with many pictures as many more as make so many parts; on a GPU, where VGG19 takes some 3 GB of its
memory for so many of 224 × 224 pixels.
"""

TRIES = 3
"""Times that a part is made which comes damaged from the disk or the storage."""


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
    """Some rows of the arrays of some numbers; `made_for` is a digest of all that a run makes."""

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

    Killed at any moment, it goes on from the parts that are there. Each array notes the seconds of
    its parts, whichever run made them; those since `start` are the first part's.
    """
    if isinstance(answer, KerasTrunk):
        _one_by_one(maker, answer, missing, count, label, start)
        return
    growing = {number: GrowingView(place, count) for number, place in missing.items()}
    cache = next(iter(missing.values())).cache
    made_for = _made_for(missing, cache)
    before = time.perf_counter() - start
    for tries in itertools.count():
        done = {number: one.done() for number, one in growing.items()}
        lacking = _lacking(done, count)
        parts = [ViewsPart(maker, answer, *one, made_for, cache) for one in lacking]
        if not parts:
            break
        if tries == TRIES:
            raise CantingError(
                f"`{parts[0].name}`: expected a whole part of features. Received: a damaged one, "
                f"{TRIES} times. Look after the disk of `.canting`, and after `compute.storage` "
                "where one is used."
            )
        made = parallel.run(answer_part, parts, label=label, total=len(parts))
        for part, _ in zip(parts, made, strict=True):
            _put_together(part, growing, before)
            before = 0.0
    for left in (cache / "parts").glob(f"{made_for}-*"):
        left.unlink(missing_ok=True)  # put in, and then the process was killed
    for number, one in growing.items():
        one.finish(sum(done[number].values()))


def _made_for(missing: Mapping[int, CachedView], cache: Path) -> str:
    """Return a digest of arrays, this machine and a folder, whose parts no other run shares.

    One that does the same elsewhere removes its own from a storage.
    """
    here = socket.gethostname(), str(cache.resolve())
    return files.digest({number: one.names for number, one in missing.items()}, here)


def _lacking(
    done: Mapping[int, Mapping[range, float]], count: int
) -> Iterator[tuple[tuple[int, ...], range]]:
    """Yield the numbers of the arrays that lack a part, and its rows."""
    size = max(CHUNK, math.ceil(count / MOST_PARTS))
    for at in range(0, count, size):
        rows = range(at, min(at + size, count))
        numbers = tuple(number for number, there in done.items() if rows not in there)
        if numbers:
            yield numbers, rows


def answer_part(task: ViewsPart) -> None:
    """Write what a trunk answers to the rows of a part; one that is there is not made again."""
    path = task.cache / task.name
    if read_whole(path, partial(_has, task.numbers)):
        return
    answer = trunk.answering(task.trunk)
    with files.replacing(path) as aside, ZipFile(aside, "w") as written:
        for number in task.numbers:  # one after another: all at once would fill the memory
            start = time.perf_counter()
            rows = np.stack([answer(task.maker.make(number, row)) for row in task.rows])
            seconds = np.asarray(time.perf_counter() - start)
            for name, array in ((f"{number}", rows), (f"{number} seconds", seconds)):
                with written.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)


def _has(numbers: Sequence[int], path: Path) -> bool:
    """Return that a part has these arrays; raise where one of them cannot be read."""
    with path.open("rb") as file, np.load(file) as part:  # which NumPy leaves open after a fault
        return all(len(part[str(number)]) for number in numbers)


def _put_together(part: ViewsPart, growing: Mapping[int, GrowingView], before: float) -> None:
    """Move a part into the arrays; a damaged one is dropped, here and there, with a warning."""
    path = part.cache / part.name
    for number in part.numbers:
        found = read_whole(path, partial(_made, number, part.rows, growing[number]))
        if found is None:
            break
        made, seconds = found
        growing[number].add(part.rows, made, seconds + before)
        before = 0.0
    path.unlink(missing_ok=True)
    parallel.discard(_passing(part))


def _made(number: int, rows: range, growing: GrowingView, path: Path) -> tuple[Rows, float]:
    """Return an array of a part, and its seconds; raise `ValueError` for another shape."""
    with path.open("rb") as file, np.load(file) as part:
        made, seconds = part[str(number)], float(part[f"{number} seconds"])
    expected = (len(rows), *(growing.shape or made.shape)[1:])
    if made.shape != expected:
        raise ValueError(f"expected an array {expected}, received {made.shape}")
    return made, seconds


def _passing(part: ViewsPart) -> Iterator[str]:
    """Yield the files of a part that machines share while it is made."""
    yield part.name
    yield from (need.name for need in part.needs() if not need.stays)


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
