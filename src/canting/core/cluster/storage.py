"""Storage that every machine of a cluster sees: a folder, or an address of fsspec, as `s3://…`."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from canting.core.errors import CantingError


class StorageError(CantingError):
    """Storage that cannot be used, whatever is asked of it."""

    def __init__(self, address: str, received: object) -> None:
        """Name the address and what was received from it, without what an answer may quote."""
        super().__init__(
            f"`compute.storage`: expected a folder, or an address, that can be read and written: "
            f"{address}. Received: {received}. Name another one, or make it usable from here; "
            "credentials are read from the environment, never from the address."
        )


class Storage(NamedTuple):
    """Files by name; each is there whole or not at all."""

    address: str

    def has(self, name: str) -> bool:
        """Return whether a file is there."""
        system, root = _opened(self.address)
        return bool(self._asked(lambda: system.exists(f"{root}/{name}")))

    def put(self, path: Path, name: str) -> None:
        """Copy a file there; a folder takes it over as a link where the file system can."""
        system, root = _opened(self.address)
        if _is_local(system):
            self._asked(lambda: _link(path, Path(root, name)))
        else:
            self._asked(lambda: system.put_file(str(path), f"{root}/{name}"))

    def bring(self, name: str, path: Path) -> None:
        """Copy a file from there to `path`; raise `FileNotFoundError` where it is not there."""
        system, root = _opened(self.address)
        if _is_local(system):
            _link(Path(root, name), path)
            return
        with _aside(path) as beside:
            self._asked(lambda: system.get_file(f"{root}/{name}", str(beside)))

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        system, root = _opened(self.address)
        with suppress(FileNotFoundError):
            self._asked(lambda: system.rm_file(f"{root}/{name}"))

    def _asked(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except FileNotFoundError:
            raise
        except Exception as error:
            raise StorageError(self.address, f"{type(error).__name__}: {error}") from error


@cache
def _opened(address: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    try:
        options = {} if "://" not in address else {"use_listings_cache": False}
        system, root = url_to_fs(address, **options)
    except (ImportError, ValueError) as error:
        raise StorageError(address, error) from None
    return system, str(root).rstrip("/")


def _is_local(system: Any) -> bool:
    return "file" in (system.protocol if isinstance(system.protocol, tuple) else [system.protocol])


def _link(source: Path, target: Path) -> None:
    with _aside(target) as beside:
        try:
            os.link(source, beside)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(source, beside)


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """Yield a path beside another one, of this process alone, which becomes the other at the end.

    Several processes may bring a file at a time: `files.replacing` is for one. The name is one of
    `files.UNFINISHED`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
