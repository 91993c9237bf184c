"""Parallel execution of many tasks."""

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain, islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal, TypeVar, cast

from joblib import Parallel, delayed
from joblib.externals.loky import ProcessPoolExecutor

from canting.core import device, progress, runtime
from canting.core.cluster import engine
from canting.core.cluster.engine import Cluster
from canting.core.cluster.nodes import Alike
from canting.core.cluster.portable import Portable
from canting.core.cluster.storage import Storage

Task = TypeVar("Task")
Result = TypeVar("Result")
Workers = Literal["threads", "processes"]

_cluster: Cluster | None = None
_storage: Storage | None = None

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
    alike: Alike = (),
) -> Iterator[Result]:
    """Yield `function(task)` for every task, in the order of the tasks, over all cores.

    With `gpus`, one process a GPU takes the place of one worker a core. Inside `on` with a cluster,
    its nodes do the tasks that are `Portable`, where all of `alike` comes out as here. Shows
    progress under `label`. Tasks are drawn as workers come free, and results wait until they are
    asked for: memory stays flat where results are small.
    """
    with progress.bar(label, total) as bar:
        for result in silent(function, tasks, workers=workers, gpus=gpus, alike=alike):
            yield result
            bar.update()


def silent(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    workers: Workers = "threads",
    gpus: Sequence[str] = (),
    alike: Alike = (),
) -> Iterator[Result]:
    """Do what `run` does, without showing progress."""
    if gpus:
        yield from _on_gpus(function, tasks, gpus)
        return
    if _storage:
        drawn = iter(tasks)
        first = list(islice(drawn, 1))
        tasks = chain(first, drawn)
        if first and isinstance(first[0], Portable):
            yield from _shared(function, cast("Iterable[Portable]", tasks), workers, alike)
            return
    yield from _on_cores(function, tasks, workers)


def _shared(
    function: Callable[[Any], Any], tasks: Iterable[Portable], workers: Workers, alike: Alike
) -> Iterator[Any]:
    if _cluster:
        yield from engine.run(_cluster, function, tasks, alike)
        return
    pairs = ((_storage, task) for task in tasks)
    yield from _on_cores(partial(_unless_held, function), pairs, workers)


def _on_cores(
    function: Callable[[Task], Result], tasks: Iterable[Task], workers: Workers
) -> Iterator[Result]:
    pool = Parallel(n_jobs=runtime.cores(), prefer=workers, return_as="generator")
    results = pool(delayed(function)(task) for task in tasks)
    # Joblib takes mapped features for a leak and replaces the worker; no task is lost by that.
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
    with runtime.one_thread_a_task():
        yield from results


@contextmanager
def on(cluster: Cluster | None, storage: Storage | None = None) -> Iterator[None]:
    """Let a cluster do portable tasks; without one, what the storage holds is not done again."""
    global _cluster, _storage
    before = _cluster, _storage
    _cluster, _storage = cluster, cluster.storage if cluster else storage
    try:
        yield
    finally:
        _cluster, _storage = before


def bring(cache: Path, names: Sequence[str]) -> bool:
    """Bring files from what machines share to below the cache; tell whether all were there."""
    return _storage is not None and engine.brought(_storage, cache, names)


def share(paths: Mapping[str, Path]) -> None:
    """Give the nodes of a cluster, if one does the work, a copy of files under their names."""
    if _cluster:
        for name, path in paths.items():
            _cluster.storage.put(path, name)


def discard(names: Iterable[str]) -> None:
    """Remove files that no task needs any more from what machines share, if they share anything."""
    if _storage:
        for name in names:
            _storage.remove(name)


def _unless_held(function: Callable[[Any], Any], one: tuple[Storage, Portable]) -> Any:
    storage, task = one
    return None if engine.held(storage, task) else function(task)


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
