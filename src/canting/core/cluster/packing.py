"""Tasks as bytes: tables in them go by the storage, once, however many tasks share one."""

import io
import pickle
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from canting.core import files
from canting.core.cluster.storage import Storage


class Packer:
    """Packs tasks for one storage."""

    def __init__(self, storage: Storage) -> None:
        """Remember which tables were put there."""
        self._storage = storage
        self._names: dict[int, tuple[Any, str]] = {}

    def packed(self, task: Any) -> bytes:
        """Return a task without its tables; another machine gets it back by `unpacked`."""
        from ray.cloudpickle import CloudPickler

        storing = self._stored

        class Pickler(CloudPickler):  # type: ignore[misc]
            def persistent_id(self, thing: Any) -> str | None:
                return storing(thing) if _is_table(thing) else None

        buffer = io.BytesIO()
        Pickler(buffer).dump(task)
        return buffer.getvalue()

    def _stored(self, table: Any) -> str:
        if id(table) not in self._names:
            with TemporaryDirectory() as folder:
                path = Path(folder, "table")
                path.write_bytes(pickle.dumps(table))
                name = f"tables/{files.sha256(path)}.pickle"
                if not self._storage.has(name):
                    self._storage.put(path, name)
            self._names[id(table)] = table, name
        return self._names[id(table)][1]


def _is_table(thing: Any) -> bool:
    return type(thing).__name__ == "DataFrame" and type(thing).__module__.startswith("pandas")


def unpacked(content: bytes, storage: Storage) -> Any:
    """Return a task with its tables; a process reads each once."""

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, name: str) -> Any:
            return _table(storage, name)

    return Unpickler(io.BytesIO(content)).load()


@lru_cache(maxsize=4)
def _table(storage: Storage, name: str) -> Any:
    with TemporaryDirectory() as folder:
        storage.bring(name, Path(folder, "table"))
        return pickle.loads(Path(folder, "table").read_bytes())  # noqa: S301 (canting's own)
