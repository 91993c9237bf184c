"""The one way to run many tasks at once."""

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeVar

from joblib import Parallel, delayed
from tqdm import tqdm

from canting.core import runtime

Task = TypeVar("Task")
Result = TypeVar("Result")


def run(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    label: str,
    total: int | None = None,
    workers: Literal["threads", "processes"] = "threads",
) -> Iterator[Result]:
    """Yield `function(task)` for every task, in the order of the tasks, over all cores.

    Shows progress under `label`. Tasks are drawn as workers come free, so memory stays flat.
    """
    pool = Parallel(n_jobs=runtime.cores(), prefer=workers, return_as="generator")
    results = pool(delayed(function)(task) for task in tasks)
    # Joblib takes mapped features for a leak and replaces the worker; no task is lost by that.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
    with runtime.one_thread_a_task():
        yield from tqdm(results, desc=label, total=total, file=sys.stderr, mininterval=0.5)
