"""The arrays of a bundle: the classifier's weights, and what abstention compares with."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from canting.bundle.errors import BundleError

Array = npt.NDArray[np.float32]


class Arrays(NamedTuple):
    """`kernel` `(channels, classes)`, `bias` `(classes,)`: logits = mean(map) @ kernel + bias.

    An ensemble has the channels of its members side by side, and `bias` is `(members, classes)`.
    `prototypes` `(k, channels)` are what pooled features are compared with; none: no abstention.
    """

    kernel: Array
    bias: Array
    prototypes: Array


def read(path: Path, digest: str) -> Arrays:
    """Read the arrays that have a SHA-256; nothing in the file is executed.

    Raises `BundleError` where they are absent or damaged.
    """
    try:
        content = path.read_bytes()
    except OSError:
        raise BundleError("arrays_absent", f"There are no arrays `{path}`.") from None
    received = hashlib.sha256(content).hexdigest()
    if received != digest:
        raise _damaged(path, f"the SHA-256 {digest}. Received: {received}")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return Arrays(*(np.asarray(arrays[name], np.float32) for name in Arrays._fields))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(path, f"plain arrays. Received: {error}") from None


def _damaged(path: Path, wanted: str) -> BundleError:
    return BundleError("arrays_damaged", f"`{path}` is damaged: expected {wanted}.")
