"""The cluster that `compute` names: does it answer, is each node like this machine.

What it takes is imported where `compute.engine` or `compute.storage` asks for it, and no sooner.
"""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from canting.cli.doctor.data import chosen
from canting.cli.doctor.finding import Finding, fine
from canting.cli.doctor.installed import CLUSTER
from canting.core.errors import CantingError

if TYPE_CHECKING:
    from canting.config.sections import Compute
    from canting.core.cluster.engine import Cluster
    from canting.core.cluster.nodes import Living
    from canting.core.cluster.storage import Storage

PATIENCE = 20.0
"""Seconds that the storage has to take, give and remove a file of some bytes."""

AGAIN = "canting doctor cluster"
"""What is looked at again after a change that no single command makes."""

START = "ray start --head --port=6379"
JOIN = "ray start --address=…, on every machine that has to work"


def cluster(root: Path) -> Iterator[Finding]:
    """Tell whether cluster and storage that `params.yaml` names can be used from here."""
    asked = chosen(root, "compute", {})
    if not isinstance(asked, dict) or (
        asked.get("engine", "local") == "local" and not asked.get("storage")
    ):
        yield fine("cluster", "work is done on this machine: `compute.engine` is `local`")
        return
    try:
        compute = _read(asked, root / "params.yaml")
        there, storage = compute.cluster(), compute.kept()
    except CantingError as error:
        yield Finding("cluster", "fix", _line(error), AGAIN)
        return
    used = [_used(storage)] if storage else []
    yield from used
    if there:
        yield from _of(there, storage_used=all(one.level == "fine" for one in used))


def _read(asked: dict[str, Any], path: Path) -> "Compute":
    from pydantic import TypeAdapter, ValidationError

    from canting.config.errors import ParamsError
    from canting.config.sections import Compute

    try:
        return TypeAdapter(dict[str, Compute]).validate_python({"compute": asked})["compute"]
    except ValidationError as error:
        raise ParamsError(path, error) from None


def _used(storage: "Storage") -> Finding:
    """Write a token, read it and remove it."""
    from canting.core.cluster import nodes

    def read() -> str:
        with nodes.token(storage) as name:
            found = nodes.read(storage, name)
        return "" if found == name else f"what was written is not what is read ({found})"

    told = f"`compute.storage: {storage.address}`"
    try:
        wrong = _within(PATIENCE, read)
    except (CantingError, OSError) as error:
        wrong = _line(error)
    if wrong:
        named = wrong if wrong.startswith("`compute.storage`") else f"{told}: {wrong}"
        return Finding("cluster", "fix", named, AGAIN)
    return fine("cluster", f"{told}: a token was written, read and removed from here")


def _within(seconds: float, ask: Callable[[], str]) -> str:
    """Return the answer to a question; a server that is silent keeps nobody from going on."""
    answers: SimpleQueue[str | Exception] = SimpleQueue()

    def answer() -> None:
        try:
            answers.put(ask())
        except Exception as error:  # whatever it is, the one who asked raises it
            answers.put(error)

    Thread(target=answer, daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer within {seconds:.0f} seconds") from None
    if isinstance(found, Exception):
        raise found
    return found


def _of(there: "Cluster", *, storage_used: bool) -> Iterator[Finding]:
    """Tell whether the cluster answers, and of each of its nodes."""
    from canting.core.cluster import engine, nodes

    if find_spec("ray") is None:
        told = "`compute.engine` is `ray`, and the package ray is not installed"
        yield Finding("cluster", "fix", told, CLUSTER)
        return
    try:
        engine.connected(there)
    except CantingError as error:
        dead = "none answers" in str(error)
        yield Finding("cluster", "fix", _line(error), START if dead else AGAIN)
        return
    if not storage_used:
        yield fine("cluster", f"`compute.address: {there.address}` answers; no node was asked")
        return
    living = nodes.examine(there.storage)
    cores = sum(node.cores for node in living)
    told = f"`compute.address: {there.address}` answers: {len(living)} nodes, {cores} cores"
    yield fine("cluster", told) if cores else Finding("cluster", "fix", told, JOIN)
    yield from map(_node, living)


def _node(node: "Living") -> Finding:
    if node.faults:
        told = f"node {node.where}: {'; '.join(node.faults)}"
        return Finding("cluster", "fix", told, _remedy(node.faults))
    host = f"{node.said.host}, " if node.said else ""
    told = f"{host}{node.cores} cores, Python, packages and code as here, storage in sight"
    return fine("cluster", f"node {node.where}: {told}")


def _remedy(faults: list[str]) -> str:
    """Return what to run on a node: its code first, which has the lock."""
    if any("canting's code" in fault for fault in faults):
        return "git pull && make cluster, there; then start Ray there again"
    if any(", here " in fault for fault in faults):
        return "make cluster, there; then start Ray there again"
    return f"{AGAIN}, once the node sees the storage and is not too busy to answer"


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
