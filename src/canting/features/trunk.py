"""The trunk of a backbone as a LiteRT file, converted once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy.typing as npt

from canting.backbones import weight_files
from canting.core import files
from canting.core.source import code_digest
from canting.engine import Engine
from canting.pictures import Pixels

Answer = Callable[[Pixels], npt.NDArray[Any]]
"""Takes a picture, `(height, width, 3) uint8`; returns what the trunk answers."""


def identity(picture: Pixels) -> Pixels:
    """Answer with the picture itself: the trunk of a backbone that is trained from nothing."""
    return picture


def key(backbone: str, fine_tune_from: str | None, size: tuple[int, int]) -> str:
    """Return a digest of everything that makes a trunk; raise `WeightsError` early."""
    code = code_digest("backbones", "engine", "export")
    return files.digest(backbone, fine_tune_from, size, weight_files.identity(backbone), code)


def load(backbone: str, fine_tune_from: str | None, size: tuple[int, int], cache: Path) -> Answer:
    """Return the trunk, ready to run from many threads; it is converted where `cache` lacks it."""
    path = cache / "trunks" / f"{key(backbone, fine_tune_from, size)}.tflite"
    if not path.exists():
        from canting.backbones.cut import split
        from canting.export import export

        trunk = split(backbone, fine_tune_from, size).trunk
        if trunk is None:
            return identity
        export(trunk, path)
    engine = Engine(path)
    return lambda picture: next(iter(engine.answer(picture).values()))
