"""The machines of a cluster: what each must have in common with this one before any work."""

import platform
import socket
from collections.abc import Callable, Iterator, Sequence
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
        _read(storage, token),
        [_said(one) for one in alike],
    )


def check(address: str, storage: Storage, alike: Alike) -> list[Node]:
    """Return what every living node says; raise `CantingError` that names those that differ."""
    import ray

    name = f"tokens/{uuid4().hex}"
    with TemporaryDirectory() as folder:
        path = Path(folder, "token")
        path.write_text(name, encoding="utf-8")
        storage.put(path, name)
    ours = here(storage, name, alike)
    asking = {
        node["NodeID"]: (node, _ask(node["NodeID"], storage, name, alike)) for node in alive()
    }
    ray.wait([one for _, one in asking.values()], num_returns=len(asking), timeout=PATIENCE)
    found, faults = [], []
    for node, asked in asking.values():
        where = f"{node['NodeManagerAddress']} ({node['NodeID'][:8]})"
        try:
            told: Node = ray.get(asked, timeout=0)
        except (ray.exceptions.GetTimeoutError, ray.exceptions.RayTaskError) as error:
            faults.append(f"{where}: does not answer ({_short(error)})")
        except ray.exceptions.RayError:
            continue  # it went away, and gets no work
        else:
            found.append(told)
            faults += [f"{where}: {fault}" for fault in differences(ours, told)]
    storage.remove(name)
    if not found and not faults:
        faults.append("no node that answers")
    if faults:
        raise CantingError(
            f"`compute.address: {address}`: expected nodes that have what this machine has. "
            f"Received: {'; '.join(faults)}. Make them alike (the same commit, the same lock, the "
            "same weights, and the storage in sight), or take these nodes out of the cluster."
        )
    return found


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


def _read(storage: Storage, token: str) -> str:
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
