"""The trunk of a backbone as a LiteRT file, converted once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy.typing as npt

from canting.bundle.engine import Engine
from canting.config.catalog import BACKBONES
from canting.core import files, runtime
from canting.core.keys import code_key
from canting.imaging.pictures import Pixels
from canting.models.backbones import weight_files

Answer = Callable[[Pixels], npt.NDArray[Any]]
"""Takes a picture, `(height, width, 3) uint8`; returns what the trunk answers."""


def identity(picture: Pixels) -> Pixels:
    """Answer with the picture itself: the trunk of a backbone that is trained from scratch."""
    return picture


def key(backbone: str, fine_tune_from: str | None, size: tuple[int, int], levels: int = 1) -> str:
    """Return a digest of everything that makes a trunk; raise `WeightsError` early."""
    made_from = (backbone, fine_tune_from, size, levels)
    return files.digest(*made_from, weight_files.identity(backbone), code_key(_converted))


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
    if BACKBONES[backbone].weights == "none":
        return identity
    engine = Engine(_converted(backbone, fine_tune_from, size, cache, levels))
    return lambda picture: next(iter(engine.answer(picture).values()))


def whole(backbone: str, size: tuple[int, int], cache: Path) -> Path:
    """Return the file of a backbone that is not cut, without a classifier; convert it if need be.

    It is the trunk itself where only the classifier is trained. A backbone that is trained from
    nothing comes with untrained weights.
    """
    return _converted(backbone, None, size, cache, 1)


def _converted(
    backbone: str, fine_tune_from: str | None, size: tuple[int, int], cache: Path, levels: int
) -> Path:
    path = place(backbone, fine_tune_from, size, cache, levels)
    if not path.exists():
        runtime.import_keras()
        from canting.models.backbones.cut import split
        from canting.models.export import export

        parts = split(backbone, fine_tune_from, size, levels)
        export(parts.tail if parts.trunk is None else parts.trunk, path)
    return path
