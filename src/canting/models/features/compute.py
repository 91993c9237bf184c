"""Compute the features of all views, cached view by view."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from canting.config.sections import Features
from canting.core import files
from canting.core.keys import code_digest
from canting.imaging.pictures import Pixels
from canting.models.augmentation import view
from canting.models.features import inference, store, trunk
from canting.models.features.cache import CachedView

MADE_BY = ("features", "pictures", "pixels", "preprocess/decode")
"""Code that decides on what a view looks like."""


@dataclass(frozen=True)
class Pictures:
    """Decoded pictures, `(n, height, width, 3) uint8`, and the SHA-256 of each one's file."""

    array: npt.NDArray[np.uint8]
    digests: Sequence[str]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.array.shape[1], self.array.shape[2]


class Cost(NamedTuple):
    """What the features of one trunk took.

    `seconds` on all cores for all `views`, each when it was made, the conversion of the trunk with
    the first; `computed_views` of them in this run.
    """

    seconds: float
    computed_views: int
    views: int


def compute(
    backbone: str,
    fine_tune_from: str | None,
    pictures: Pictures,
    settings: Features,
    seed: int,
    *,
    cache: Path,
    target: Path,
) -> Cost:
    """Write the features of one trunk to `target`; views that `cache` holds are not made again."""
    name = store.slug(backbone, fine_tune_from)
    made_from = (
        trunk.key(backbone, fine_tune_from, pictures.size, settings.levels),
        files.digest(list(pictures.digests)),
        code_digest(*MADE_BY),
    )
    numbers = [*range(settings.views + 1), *range(-1, -settings.test_views, -1)]
    keys = [_key(made_from, number, settings, seed) for number in numbers]
    places = [CachedView(cache / "features" / f"{key}.npy") for key in keys]
    kept = dict(zip(numbers, places, strict=True))
    missing = {n: one for n, one in kept.items() if not one.is_whole(len(pictures.array))}
    if missing:
        start = time.perf_counter()
        answer = trunk.load(backbone, fine_tune_from, pictures.size, cache, settings.levels)
        make = partial(_view, pictures, settings, seed)
        label, count = f"features {name}", len(pictures.array)
        inference.run(make, answer, missing, count, label=label, start=start)
    _collect(kept, files.digest(keys), target)
    return Cost(round(sum(one.seconds() for one in places), 3), len(missing), len(kept))


def _key(made_from: tuple[str, ...], number: int, settings: Features, seed: int) -> str:
    if number == 0:
        return files.digest(made_from)
    if number < 0:
        return files.digest(made_from, number)
    drawn_by = settings.model_dump(exclude={"views", "test_views", "levels"})
    return files.digest(made_from, number, drawn_by, seed)


def _view(pictures: Pictures, settings: Features, seed: int, number: int, row: int) -> Pixels:
    return view(pictures.array[row], number, pictures.digests[row], settings, seed)


def _collect(kept: dict[int, CachedView], key: str, target: Path) -> None:
    with files.replacing(target) as aside:
        aside.mkdir()
        for number, one in kept.items():
            one.link(store.view_path(aside, number))
        files.write_json(aside / "key.json", key)
