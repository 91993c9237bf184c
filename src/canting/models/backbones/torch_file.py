"""Tensors of a PyTorch file in the legacy format, read without PyTorch and without running code.

The file holds a magic number, a protocol number, facts on the writing system, the pickled state
dict with persistent ids in place of storages, the list of storage keys, and then for each key a
64-bit count and the raw values (`torch/serialization.py`, `_legacy_save`).
"""

import pickle  # only for the class that is restricted below
import struct
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}
"""NumPy types of the storages that are read."""


class _Storage(NamedTuple):
    key: str
    dtype: str


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Unpickler(pickle.Unpickler):
    """Knows ordered dicts, tensors and storages, and refuses every other class."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: _Tensor(
                storage, offset, shape, strides
            )
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a file of weights")

    def persistent_load(self, pid: Any) -> _Storage:
        _, dtype, key, _, _, _ = pid
        return _Storage(key, dtype)


def read(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the tensors of a state dict by name, in their logical layout."""
    with path.open("rb") as file:
        for _ in range(3):
            _Unpickler(file).load()
        tensors = _Unpickler(file).load()
        keys = _Unpickler(file).load()
        dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
        storages = {key: _values(file, dtypes[key]) for key in keys}
    return {name: _strided(tensor, storages) for name, tensor in tensors.items()}


def _values(file: IO[bytes], dtype: str) -> npt.NDArray[Any]:
    (count,) = struct.unpack("<q", file.read(8))
    return np.frombuffer(file.read(count * np.dtype(dtype).itemsize), dtype)


def _strided(tensor: _Tensor, storages: dict[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    storage = storages[tensor.storage.key]
    steps = [stride * storage.itemsize for stride in tensor.strides]
    view = np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, steps)
    return np.ascontiguousarray(view)
