"""Compute the features of all views, cached view by view."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from canting.config.catalog import ALL, backbone_of, trains_all
from canting.config.sections import Features
from canting.core import files
from canting.core.cluster.portable import Need
from canting.core.device import CPU, Device
from canting.core.keys import code_key
from canting.data.preprocess.decode import decode_all
from canting.imaging.pictures import Pixels
from canting.models.augmentation import view, views_of_test
from canting.models.features import drawn, inference, store, trunk
from canting.models.features.cache import CachedView

ONE_VIEW: dict[str, Any] = {"test_views": 1, "test_crops": ()}
"""Settings of a test that sees nothing but the picture."""


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

    `seconds` of cores for all `views`, whenever and wherever their parts were made, the conversion
    of the trunk with the first; of GPUs by the clock. `computed_views` of them in this run, from
    its beginning or from where an earlier one stood.
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
    device: Device = CPU,
) -> Cost:
    """Write the features of one trunk to `target`; views that `cache` holds are not made again.

    Where every layer is trained there is no trunk: `target` gets the pictures, and what their
    views are drawn from.
    """
    name, size = store.slug(backbone, fine_tune_from), pictures.size
    views = Views(backbone, fine_tune_from, size, pictures.digests, settings, seed, device)
    kept = {number: place(cache, key) for number, key in views.keys.items()}
    missing = {n: one for n, one in kept.items() if not one.is_whole(len(pictures.array))}
    if missing:
        start = time.perf_counter()
        cut = None if fine_tune_from == ALL else fine_tune_from
        answer = trunk.on(device, backbone, cut, size, cache, settings.levels)
        maker = ViewMaker(pictures.array, pictures.digests, settings, seed)
        label, count = f"features {name}", len(pictures.array)
        inference.run(maker, answer, missing, count, label=label, start=start)
    if trains_all(backbone, fine_tune_from):
        _link(pictures, kept, settings, seed, views.key, target)
    else:
        _collect(kept, views.key, target)
    seconds = sum(one.seconds() for one in kept.values())
    return Cost(round(seconds, 3), len(missing), len(kept))


class Views(NamedTuple):
    """All that decides on the views of pictures through a trunk; `digests` are of their files."""

    backbone: str
    fine_tune_from: str | None
    size: tuple[int, int]
    digests: Sequence[str]
    settings: Features
    seed: int
    device: Device = CPU

    @property
    def keys(self) -> dict[int, str]:
        """The key of every view by its number; further views of a test have negative ones.

        Where every layer is trained, it is view 0 of the backbone as it comes, if it has weights.
        """
        if trains_all(self.backbone, self.fine_tune_from):
            if backbone_of(self.backbone).weights == "none":
                return {}
            alone = self.settings.model_copy(update={"views": 0, **ONE_VIEW})
            return self._replace(fine_tune_from=None, settings=alone).keys
        settings, made_by = self.settings, (self.backbone, self.fine_tune_from, self.size)
        made_from = (
            trunk.key(*made_by, settings.levels),
            files.digest(list(self.digests)),
            code_key(compute, decode_all),
            *self.device.key,
        )
        tested = range(-1, -len(views_of_test(settings)), -1)
        numbers = [*range(settings.views + 1), *tested]
        return {number: _key(made_from, number, settings, self.seed) for number in numbers}

    @property
    def key(self) -> str:
        """The key of their folder: from those of the views, or from what they are drawn from."""
        if not trains_all(self.backbone, self.fine_tune_from):
            return files.digest(list(self.keys.values()))
        settings, made_by = self.settings, (self.backbone, self.fine_tune_from, self.size)
        made_from = trunk.key(*made_by), list(self.digests)
        seen = (bool(settings.views), views_of_test(settings))
        code = code_key(compute, decode_all)
        return files.digest(made_from, seen, _drawn_by(settings), self.seed, code)


def place(cache: Path, key: str) -> CachedView:
    """Return where a view is kept."""
    return CachedView(cache / "features" / f"{key}.npy")


def loaded(pictures: npt.NDArray[np.uint8] | Path) -> npt.NDArray[np.uint8]:
    """Return pictures, `(n, height, width, 3) uint8`, from a file or as they are."""
    return _read(pictures) if isinstance(pictures, Path) else pictures


@lru_cache(maxsize=1)
def _read(path: Path) -> npt.NDArray[np.uint8]:
    return np.asarray(np.load(path))


def _key(made_from: tuple[str, ...], number: int, settings: Features, seed: int) -> str:
    if number == 0:
        return files.digest(made_from)
    if number < 0:
        return files.digest(made_from, views_of_test(settings)[-number])
    return files.digest(made_from, number, _drawn_by(settings), seed)


def _drawn_by(settings: Features) -> dict[str, Any]:
    return settings.model_dump(exclude={"views", "levels", *ONE_VIEW})


class ViewMaker(NamedTuple):
    """Makes views of pictures: all of them here, or those from row `first` on, from a file."""

    pictures: npt.NDArray[np.uint8] | Path
    digests: Sequence[str]
    settings: Features
    seed: int
    first: int = 0

    def make(self, number: int, row: int) -> Pixels:
        """Return a view of a row."""
        at = row - self.first
        return view(loaded(self.pictures)[at], number, self.digests[at], self.settings, self.seed)

    def needs(self, rows: range) -> list[Need]:
        """Return the pictures of some rows."""
        content = loaded(self.pictures)[rows.start : rows.stop]
        name = self._name(rows)
        return [Need(name, content, name, stays=False)]

    def moved(self, rows: range) -> "ViewMaker":
        """Return the maker of some rows on another machine."""
        ours = self.digests[rows.start : rows.stop]
        return self._replace(pictures=Path(self._name(rows)), digests=ours, first=rows.start)

    def _name(self, rows: range) -> str:
        digests = self.digests[rows.start : rows.stop]
        return pictures_name(digests, loaded(self.pictures).shape[1:3])


def pictures_name(digests: Sequence[str], size: tuple[int, ...]) -> str:
    """Return the name of decoded pictures in a storage, from their files' digests."""
    return f"pictures/{files.digest(list(digests), size, code_key(decode_all))}.npy"


def _collect(kept: dict[int, CachedView], key: str, target: Path) -> None:
    with files.replacing(target) as aside:
        aside.mkdir()
        paths = {store.view_path(aside, number): one for number, one in kept.items()}
        for path, one in paths.items():
            one.link(path)
        files.write_json(aside / store.KEY, key)
        names = {path.name: f"features/{one.array.name}" for path, one in paths.items()}
        files.write_json(aside / store.OBJECTS, names)


def _link(
    pictures: Pictures,
    kept: dict[int, CachedView],
    settings: Features,
    seed: int,
    key: str,
    target: Path,
) -> None:
    with files.replacing(target) as aside:
        aside.mkdir()
        if isinstance(pictures.array, np.memmap):
            CachedView(Path(str(pictures.array.filename))).link(aside / drawn.PICTURES)
        else:
            np.save(aside / drawn.PICTURES, pictures.array)
        for one in kept.values():
            one.link(aside / drawn.POOLED)
        drawn.write_draw(aside, settings, seed, pictures.digests)
        files.write_json(aside / store.KEY, key)
