"""Parallel execution of many tasks."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeVar

from joblib import Parallel, delayed

from canting.core import progress, runtime

Task = TypeVar("Task")
Result = TypeVar("Result")
Workers = Literal["threads", "processes"]


def run(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    label: str,
    total: int | None = None,
    workers: Workers = "threads",
) -> Iterator[Result]:
    """Yield `function(task)` for every task, in the order of the tasks, over all cores.

    Shows progress under `label`. Tasks are drawn as workers come free, so memory stays flat.
    """
    with progress.bar(label, total) as bar:
        for result in silent(function, tasks, workers=workers):
            yield result
            bar.update()


def silent(
    function: Callable[[Task], Result], tasks: Iterable[Task], *, workers: Workers = "threads"
) -> Iterator[Result]:
    """Do what `run` does, without showing progress."""
    pool = Parallel(n_jobs=runtime.cores(), prefer=workers, return_as="generator")
    results = pool(delayed(function)(task) for task in tasks)
    # Joblib takes mapped features for a leak and replaces the worker; no task is lost by that.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
    with runtime.one_thread_a_task():
        yield from results
