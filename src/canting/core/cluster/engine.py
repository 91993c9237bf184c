"""The Ray engine: tasks go to the nodes of a cluster, files through the storage that all see."""

import logging
import os
import socket
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from canting.core.cluster import nodes, scratch
from canting.core.cluster.packing import Packer, unpacked
from canting.core.cluster.portable import Changing, Need, Portable
from canting.core.cluster.storage import Storage, StorageError
from canting.core.errors import CantingError

Result = TypeVar("Result")

TRIES = 3
"""Times that a task is tried, each on whatever node is free."""

AHEAD = 2
"""Tasks that are handed out a core, so that none waits for the next one."""

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}
"""Ray calls nobody, and does not print the logs of its own processes."""

ANSWERS, SILENT = 3.0, 3
"""Seconds that the cluster has for a sign of life, and how many may be missing in a row."""


class Cluster(NamedTuple):
    """A Ray cluster, `host:port` of its head, and the storage that all its nodes see."""

    address: str
    storage: Storage


class FailedError(Exception):
    """A task that raised an error on a node; it is tried again."""


class Sent(NamedTuple):
    """A packed task as a node gets it: where it finds what it needs, and what it leaves."""

    task: bytes
    needs: list[Need]
    makes: list[str]


def run(
    cluster: Cluster,
    function: Callable[[Any], Result],
    tasks: Iterable[Portable],
    alike: nodes.Alike = (),
) -> Iterator[Result]:
    """Yield `function(task)` for every task, in their order; what they leave is brought home.

    A task whose files are in the storage is not done again. Raises `CantingError` where the cluster
    is not there or goes away, where a node differs, and for a task that failed `TRIES` times.
    """
    ray = connected(cluster)
    nodes.check(cluster.address, cluster.storage, alike)
    remote = ray.remote(
        num_cpus=1,
        max_retries=TRIES - 1,
        retry_exceptions=[FailedError],
        scheduling_strategy="SPREAD",
    )(at_node)
    waiting: deque[tuple[Portable, Any]] = deque()
    running: dict[Any, Portable] = {}
    put: set[str] = set()
    packer = Packer(cluster.storage)
    seen = {node["NodeID"]: node["NodeManagerAddress"] for node in nodes.alive()}
    most = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 0)))
    for task in tasks:
        if held(cluster.storage, task):
            waiting.append((task, None))
        else:
            sent = _sent(cluster.storage, task, packer, put)
            one = remote.remote(function, sent, cluster.storage)
            waiting.append((task, one))
            running[one] = task
        while len(running) >= most:
            _wait(cluster, running, seen)
        yield from _ready(waiting, running)
    while waiting:
        if running:
            _wait(cluster, running, seen)
        yield from _ready(waiting, running)


def held(storage: Storage, task: Portable) -> bool:
    """Bring home what a task leaves; return whether the storage holds all, so that it is done."""
    names = task.makes()
    changing = any(isinstance(name, Changing) for name in names)
    return bool(names) and not changing and brought(storage, task.cache, names)


def brought(storage: Storage, cache: Path, names: Sequence[str]) -> bool:
    """Bring files from the storage to below the cache; return whether all were there."""
    if not all(map(storage.has, names)):
        return False
    try:
        for name in names:
            storage.bring(name, cache / name)
    except FileNotFoundError:  # another run, which needs them no more, has removed them meanwhile
        return False
    return True


def _sent(storage: Storage, task: Portable, packer: Packer, put: set[str]) -> Sent:
    needs = task.needs()
    for need in needs:
        if need.changes or need.name not in put:
            _given(storage, need)
            put.add(need.name)
    told = [need._replace(content=Path(need.place)) for need in needs]
    return Sent(packer.packed(task.moved()), told, task.makes())


def _given(storage: Storage, need: Need) -> None:
    if need.changes or not storage.has(need.name):
        with tempfile.TemporaryDirectory() as folder:
            storage.put(need.saved(Path(folder)), need.name)


def _wait(cluster: Cluster, running: dict[Any, Portable], seen: dict[str, str]) -> None:
    """Wait for a task to end, and bring home what it left."""
    import ray

    missing = 0
    while True:
        ended, _ = ray.wait(list(running), num_returns=1, timeout=ANSWERS)
        if ended:
            break
        missing = 0 if _answers(cluster.address) else missing + 1
        if missing == SILENT:
            raise CantingError(
                f"`compute.address: {cluster.address}`: the cluster does not answer any more. What "
                "was done is kept in `compute.storage`. Run again when it is back, or with "
                "`compute.engine: local` and `compute.device: cpu`: both go on from there."
            )
    _tell_of_lost(seen)
    for one in ended:
        task = running.pop(one)
        _checked(one)
        brought(cluster.storage, task.cache, task.makes())


def _tell_of_lost(seen: dict[str, str]) -> None:
    there = {node["NodeID"]: node["NodeManagerAddress"] for node in nodes.alive()}
    for node in seen.keys() - there.keys():
        where = f"{seen.pop(node)} ({node[:8]})"
        print(f"ray: node {where} went away; others do its tasks.", file=sys.stderr)
    seen.update(there)


def _checked(one: Any) -> Any:
    import ray

    try:
        return ray.get(one)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if isinstance(cause, FailedError):
            raise CantingError(f"A task failed {TRIES} times, the last time {cause}.") from error
        if isinstance(cause, CantingError):
            raise CantingError(str(cause)) from error
        raise CantingError(f"A task failed on a node: {str(error).splitlines()[-1]}") from error
    except ray.exceptions.RayError as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CantingError(
            f"A task failed {TRIES} times, as its process or its node ended: {told}. See Ray's "
            "logs on the nodes (`ray status`); more memory or fewer cores a node often help."
        ) from error


def _ready(waiting: deque[tuple[Portable, Any]], running: dict[Any, Portable]) -> Iterator[Any]:
    while waiting and waiting[0][1] not in running:
        _, one = waiting.popleft()
        yield None if one is None else _checked(one)


@cache
def connected(cluster: Cluster) -> Any:
    """Return Ray, connected once a process; raise `CantingError` where no cluster answers."""
    try:
        os.environ.update(QUIET)
        import ray
    except ImportError:
        raise CantingError(
            "`compute.engine`: expected the package ray, as `ray` asks for. Received: it is not "
            "installed. Run `make cluster`, or install `canting[cluster]`."
        ) from None
    if not _answers(cluster.address) or not _is_ray(cluster.address):
        raise CantingError(
            f"`compute.address`: expected the head of a Ray cluster. Received: none answers at "
            f"{cluster.address}. Start it (`ray start --head --port …`), name another one, or take "
            "`compute.engine: local`."
        )
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        ray.init(cluster.address, namespace="canting", **quiet)
    except (ConnectionError, RuntimeError, ray.exceptions.RayError) as error:
        raise CantingError(
            "`compute.address`: expected a cluster that lets this process in, of the same Ray and "
            f"Python. Received from {cluster.address}: {' '.join(str(error).split())[:300]}. Make "
            "the versions alike, or set `RAY_AUTH_MODE=token` and the cluster's token here."
        ) from error
    return ray


def _is_ray(address: str) -> bool:
    """Return whether gRPC is spoken there: Ray itself waits for a minute, and ends the process."""
    import grpc

    with grpc.insecure_channel(address) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=ANSWERS)
        except grpc.FutureTimeoutError:
            return False
    return True


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), ANSWERS):
            return True
    except OSError:
        return False


def at_node(function: Callable[[Any], Result], sent: Sent, storage: Storage) -> Result:
    """Do a task in a folder of this node; Ray calls it there."""
    import ray

    folder = scratch.folder(ray.get_runtime_context().get_node_id())
    try:
        with scratch.own(folder):
            for need in sent.needs:
                scratch.give(storage, need, folder)
            result = function(unpacked(sent.task, storage))
            for name in sent.makes:
                storage.put(Path(name), name)
    except Exception as error:
        if isinstance(error, CantingError) and not isinstance(error, StorageError):
            raise CantingError(str(error)) from None  # one with a call of its own is not pickled
        where = f"on node {socket.gethostname()} ({ray.util.get_node_ip_address()})"
        raise FailedError(f"{where} with {type(error).__name__}: {error}") from None
    return result
