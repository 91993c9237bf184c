"""The machines of a cluster: what each must have in common with this one before any work."""

import platform
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from uuid import uuid4

from canting.core import files
from canting.core.closure import SOURCE
from canting.core.cluster.storage import Storage
from canting.core.errors import CantingError
from canting.core.keys import DECIDING, versions

PATIENCE = 60.0
"""Seconds that a node has for its answer: a busy one takes some ten to start a process."""

Alike = Sequence[Callable[[], object]]
"""What has to come out the same on every machine, weights of a backbone for one."""


class Node(NamedTuple):
    """What a machine says of itself; `versions` by package, `alike` by number."""

    host: str
    python: str
    code: str
    versions: dict[str, str]
    token: str
    alike: list[str]


def here(storage: Storage, token: str, alike: Alike) -> Node:
    """Return what this machine says of itself; `token` is the name of a file in the storage."""
    return Node(
        socket.gethostname(),
        platform.python_version(),
        _code(),
        _versions(),
        read(storage, token),
        [_said(one) for one in alike],
    )


class Living(NamedTuple):
    """A node that is there: where, its cores, what it says of itself, and what is wrong with it."""

    where: str
    cores: int
    said: Node | None
    faults: list[str]


def check(address: str, storage: Storage, alike: Alike) -> list[Node]:
    """Return what every living node says; raise `CantingError` that names those that differ."""
    living = examine(storage, alike)
    faults = [f"{one.where}: {fault}" for one in living for fault in one.faults]
    if not living:
        faults.append("no node that answers")
    if faults:
        raise CantingError(
            f"`compute.address: {address}`: expected nodes that have what this machine has. "
            f"Received: {'; '.join(faults)}. Make them alike (the same commit, the same lock, the "
            "same weights, and the storage in sight), or take these nodes out of the cluster."
        )
    return [one.said for one in living if one.said]


def examine(storage: Storage, alike: Alike = ()) -> list[Living]:
    """Ask every living node, and return what each says and in what it differs from this machine."""
    import ray

    with token(storage) as name:
        ours = here(storage, name, alike)
        asking = [(node, _ask(node["NodeID"], storage, name, alike)) for node in alive()]
        ray.wait([one for _, one in asking], num_returns=len(asking), timeout=PATIENCE)
        found = [_heard(node, asked, ours) for node, asked in asking]
    return [one for one in found if one]


@contextmanager
def token(storage: Storage) -> Iterator[str]:
    """Yield the name of a new file in the storage, which holds its name and is removed after."""
    name = f"tokens/{uuid4().hex}"
    with TemporaryDirectory() as folder:
        path = Path(folder, "token")
        path.write_text(name, encoding="utf-8")
        storage.put(path, name)
    try:
        yield name
    finally:
        storage.remove(name)


def _heard(node: dict[str, Any], asked: Any, ours: Node) -> Living | None:
    """Return what a node says; none where it went away meanwhile, and so gets no work."""
    import ray

    where = f"{node['NodeManagerAddress']} ({node['NodeID'][:8]})"
    cores = int(node["Resources"].get("CPU", 0))
    try:
        said: Node = ray.get(asked, timeout=0)
    except (ray.exceptions.GetTimeoutError, ray.exceptions.RayTaskError) as error:
        return Living(where, cores, None, [f"does not answer ({_short(error)})"])
    except ray.exceptions.RayError:
        return None
    return Living(where, cores, said, list(differences(ours, said)))


def alive() -> list[dict[str, Any]]:
    """Return the nodes that are there."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]


def differences(ours: Node, theirs: Node) -> Iterator[str]:
    """Yield in what a node differs from this machine."""
    if theirs.python != ours.python:
        yield f"Python {theirs.python}, here {ours.python}"
    for name, version in ours.versions.items():
        other = theirs.versions.get(name, "not installed")
        if other != version:
            yield f"{name} {other}, here {version}"
    if theirs.code != ours.code:
        yield "another state of canting's code"
    if theirs.token != ours.token:
        yield f"`compute.storage` is not the one that is seen here ({theirs.token})"
    yield from (
        f"{other}, here {one}"
        for one, other in zip(ours.alike, theirs.alike, strict=False)
        if one != other
    )


def _ask(node: str, storage: Storage, token: str, alike: Alike) -> Any:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    there = NodeAffinitySchedulingStrategy(node, soft=False)
    asked = ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=there)(here)
    return asked.remote(storage, token, list(alike))


@cache
def _code() -> str:
    return files.tree_digest(SOURCE, sorted((SOURCE / "canting").rglob("*.py")))


def _versions() -> dict[str, str]:
    deciding = sorted({name for names in DECIDING.values() for name in names})
    return dict(one.split(" ", 1) for one in versions([*deciding, "ray", "joblib", "pandas"]))


def read(storage: Storage, token: str) -> str:
    """Return what a token in the storage holds, or why it cannot be read."""
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder, "token")
            storage.bring(token, path)
            return path.read_text(encoding="utf-8")
    except (OSError, CantingError) as error:
        return _short(error)


def _said(ask: Callable[[], object]) -> str:
    try:
        return str(ask())
    except CantingError as error:
        return _short(error)


def _short(error: BaseException) -> str:
    """Return the first or, of an error that Ray brings from a node, the last line."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1 if type(error).__module__.startswith("ray.") else 0][:300]
