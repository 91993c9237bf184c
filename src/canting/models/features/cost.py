"""Inference cost of a whole backbone, measured once and cached beside its trunk."""

import statistics
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from canting.bundle.engine import Engine
from canting.core import files
from canting.core.cache import read_whole
from canting.core.keys import code_key
from canting.models.features import trunk

WARM_UP, REPEATS = 3, 15
"""Pictures before the clock starts, and pictures whose median is taken."""


class BackboneCost(NamedTuple):
    """A backbone without its classifier, for one picture.

    `model_bytes` of its LiteRT file; `milliseconds` in it on one thread, the only measured figure.
    """

    parameters: int
    multiply_adds: int
    model_bytes: int
    milliseconds: float


def of_backbone(backbone: str, size: tuple[int, int], cache: Path, passes: int = 1) -> BackboneCost:
    """Return the cost of a whole backbone, wherever its trunk is cut; `cache` keeps it.

    `passes`: how many views of a picture an answer is averaged over.
    """
    kept = place(backbone, size, cache)
    one = read_whole(kept, lambda path: BackboneCost(**files.read_json(path)))
    if one is None:
        one = _counted(backbone, size, cache)
        files.write_json(kept, one._asdict())
    return one._replace(
        multiply_adds=passes * one.multiply_adds, milliseconds=round(passes * one.milliseconds, 3)
    )


def place(backbone: str, size: tuple[int, int], cache: Path) -> Path:
    """Return where the cost of a whole backbone is kept."""
    made_from = (trunk.key(backbone, None, size), code_key(of_backbone))
    return cache / "trunks" / f"{files.digest(*made_from)}.json"


def _counted(backbone: str, size: tuple[int, int], cache: Path) -> BackboneCost:
    from canting.models.backbones.multiply_adds import multiply_adds
    from canting.models.backbones.table import architecture

    path = trunk.whole(backbone, size, cache)
    network = architecture(backbone).build((*size, 3))
    return BackboneCost(
        network.count_params(),
        multiply_adds(network),
        path.stat().st_size,
        _milliseconds(Engine(path), size),
    )


def _milliseconds(engine: Engine, size: tuple[int, int]) -> float:
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    seconds = []
    for _ in range(WARM_UP + REPEATS):
        start = time.perf_counter()
        engine.answer(picture)
        seconds.append(time.perf_counter() - start)
    return round(1000 * statistics.median(seconds[WARM_UP:]), 3)
