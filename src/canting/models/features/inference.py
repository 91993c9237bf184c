"""Inference of many pictures through a trunk over all cores or GPUs, cached array by array."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from canting.core import files, parallel
from canting.imaging.pictures import Pixels
from canting.models.features.cache import CachedView
from canting.models.features.trunk import Answer, KerasTrunk

CHUNK, BATCH = 32, 128
"""Pictures a task: on cores small enough to balance them, large enough to hide the overhead; on a
GPU, where VGG19 takes some 3 GB of its memory for so many of 224 × 224 pixels.
"""

Make = Callable[[int, int], Pixels]
"""Takes the number of an array and a row of it; returns the picture that goes through the trunk."""


class InferenceTask(NamedTuple):
    """Some rows of one array."""

    number: int
    rows: range


def run(
    make: Make,
    answer: Answer | KerasTrunk,
    missing: Mapping[int, CachedView],
    count: int,
    *,
    label: str,
    start: float,
) -> None:
    """Write what a trunk answers to `count` pictures into each missing array, one after another.

    Killed at any moment, it leaves whole arrays; each notes its seconds, the first since `start`.
    """
    if isinstance(answer, KerasTrunk):
        tasks = list(_tasks(list(missing), count, BATCH))
        chunks = _in_batches(make, answer, tasks, label)
    else:
        tasks = list(_tasks(list(missing), count, CHUNK))
        answers = partial(_answers, make, answer)
        chunks = parallel.run(answers, tasks, label=label, total=len(tasks))
    with ExitStack() as closing:
        array: npt.NDArray[Any] | None = None
        for task, chunk in zip(tasks, chunks, strict=True):
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
    make: Make, trunk: KerasTrunk, tasks: Sequence[InferenceTask], label: str
) -> Iterator[npt.NDArray[Any]]:
    """Make the next batch on all cores while the GPUs work on those before."""
    made = (np.stack(list(parallel.silent(partial(make, one.number), one.rows))) for one in tasks)
    return parallel.run(trunk.answers, made, label=label, total=len(tasks), gpus=trunk.device.gpus)


def _answers(make: Make, answer: Answer, task: InferenceTask) -> npt.NDArray[Any]:
    return np.stack([answer(make(task.number, row)) for row in task.rows])


def _tasks(missing: list[int], count: int, size: int) -> Iterator[InferenceTask]:
    for number in missing:
        for start in range(0, count, size):
            yield InferenceTask(number, range(start, min(start + size, count)))
