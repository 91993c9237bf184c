"""Parallel execution of many tasks."""

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Any, Literal, TypeVar

from joblib import Parallel, delayed
from joblib.externals.loky import ProcessPoolExecutor

from canting.core import device, progress, runtime

Task = TypeVar("Task")
Result = TypeVar("Result")
Workers = Literal["threads", "processes"]

AHEAD = 2
"""Tasks that a GPU is handed at once, so that it need not wait for the next one."""


def run(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    label: str,
    total: int | None = None,
    workers: Workers = "threads",
    gpus: Sequence[str] = (),
) -> Iterator[Result]:
    """Yield `function(task)` for every task, in the order of the tasks, over all cores.

    With `gpus`, one process a GPU takes the place of one worker a core. Shows progress under
    `label`. Tasks are drawn as workers come free, so memory stays flat.
    """
    with progress.bar(label, total) as bar:
        for result in silent(function, tasks, workers=workers, gpus=gpus):
            yield result
            bar.update()


def silent(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    workers: Workers = "threads",
    gpus: Sequence[str] = (),
) -> Iterator[Result]:
    """Do what `run` does, without showing progress."""
    if gpus:
        yield from _on_gpus(function, tasks, gpus)
        return
    pool = Parallel(n_jobs=runtime.cores(), prefer=workers, return_as="generator")
    results = pool(delayed(function)(task) for task in tasks)
    # Joblib takes mapped features for a leak and replaces the worker; no task is lost by that.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
    with runtime.one_thread_a_task():
        yield from results


def _on_gpus(
    function: Callable[[Task], Result], tasks: Iterable[Task], gpus: Sequence[str]
) -> Iterator[Result]:
    free: SimpleQueue[Any] = SimpleQueue()
    waiting: deque[Any] = deque()
    with ExitStack() as stack:
        for gpu in gpus:
            pool = ProcessPoolExecutor(1, env=device.worker(gpu))
            stack.callback(pool.shutdown, kill_workers=True)
            for _ in range(AHEAD):
                free.put(pool)
        for task in tasks:
            pool = free.get()
            waiting.append(pool.submit(function, task))
            waiting[-1].add_done_callback(lambda _, pool=pool: free.put(pool))
            while waiting and waiting[0].done():
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
