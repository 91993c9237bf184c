"""The trunk of a backbone: a LiteRT file that is converted once, or Keras in batches on a GPU."""

from collections.abc import Callable
from functools import cache as remembered
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from canting.bundle.engine import Engine
from canting.core import files, runtime
from canting.core.device import Device, Precision
from canting.core.keys import code_key
from canting.imaging.pictures import Pixels
from canting.models.backbones import weight_files

Answer = Callable[[Pixels], npt.NDArray[Any]]
"""Takes a picture, `(height, width, 3) uint8`; returns what the trunk answers."""

POLICIES: dict[Precision, str] = {"bfloat16": "mixed_bfloat16"}
"""Keras's policies: weights and normalisation stay float32, products are of bfloat16."""


class KerasTrunk(NamedTuple):
    """A trunk that Keras runs in batches, in worker processes on `device`."""

    backbone: str
    fine_tune_from: str | None
    size: tuple[int, int]
    levels: int
    device: Device

    def answers(self, batch: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return what the trunk answers to a batch, `(n, height, width, 3)`: `(n, …)`."""
        network = _network(self._replace(device=self.device._replace(gpus=())))
        return np.asarray(network.predict_on_batch(batch.astype(np.float32)), np.float32)


def key(backbone: str, fine_tune_from: str | None, size: tuple[int, int], levels: int = 1) -> str:
    """Return a digest of everything that makes a trunk; raise `WeightsError` early."""
    made_from = (backbone, fine_tune_from, size, levels)
    return files.digest(*made_from, weight_files.identity(backbone), code_key(converted))


def place(
    backbone: str, fine_tune_from: str | None, size: tuple[int, int], cache: Path, levels: int = 1
) -> Path:
    """Return where a trunk is kept."""
    return cache / "trunks" / f"{key(backbone, fine_tune_from, size, levels)}.tflite"


def load(
    backbone: str,
    fine_tune_from: str | None,
    size: tuple[int, int],
    cache: Path,
    levels: int = 1,
) -> Answer:
    """Return the trunk, ready to run from many threads; it is converted where `cache` lacks it."""
    return answering(converted(backbone, fine_tune_from, size, cache, levels))


@lru_cache(maxsize=1)
def answering(path: Path) -> Answer:
    """Return a trunk that is converted, ready to run from many threads; a process keeps the last.

    Its name says what it is: the same path always holds the same trunk.
    """
    engine = Engine(path)
    return lambda picture: next(iter(engine.answer(picture).values()))


def on(
    device: Device,
    backbone: str,
    fine_tune_from: str | None,
    size: tuple[int, int],
    cache: Path,
    levels: int,
) -> Path | KerasTrunk:
    """Return the trunk for a device: Keras in batches on GPUs, a LiteRT file on the processor."""
    if device.key:
        return KerasTrunk(backbone, fine_tune_from, size, levels, device)
    return converted(backbone, fine_tune_from, size, cache, levels)


@remembered
def _network(trunk: KerasTrunk) -> Any:
    runtime.prepare()
    runtime.import_keras(trunk.device.precision)
    import keras

    from canting.models.backbones.cut import split

    network = split(trunk.backbone, trunk.fine_tune_from, trunk.size, trunk.levels).trunk
    assert network is not None
    for layer in network._flatten_layers():
        layer.dtype_policy = POLICIES.get(trunk.device.precision, "float32")
    network.compile(jit_compile=False if keras.backend.backend() == "tensorflow" else "auto")
    return network


def whole(backbone: str, size: tuple[int, int], cache: Path) -> Path:
    """Return the file of a backbone that is not cut, without a classifier; convert it if need be.

    It is the trunk itself where only the classifier is trained. A backbone that is trained from
    nothing comes with untrained weights.
    """
    return converted(backbone, None, size, cache, 1)


def converted(
    backbone: str, fine_tune_from: str | None, size: tuple[int, int], cache: Path, levels: int
) -> Path:
    """Return the LiteRT file of a trunk, which is made where `cache` lacks it."""
    path = place(backbone, fine_tune_from, size, cache, levels)
    if not path.exists():
        runtime.import_keras()
        from canting.models.backbones.cut import split
        from canting.models.export import export

        parts = split(backbone, fine_tune_from, size, levels)
        export(parts.tail if parts.trunk is None else parts.trunk, path)
    return path
