"""Pictures whose views are drawn when they are asked for: what a whole network is trained on."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from canting.config.sections import Features
from canting.core import files, runtime
from canting.imaging.pictures import Pixels
from canting.models import augmentation
from canting.models.features.store import KEY, Array, Store

UNLIMITED = 2**31
"""Augmented views that can be drawn: one an epoch, however many epochs there are."""

AHEAD = 2
"""Parts of an epoch that are drawn while one is trained on."""

PICTURES, DRAW, POOLED = "pictures.npy", "draw.json", "pooled.npy"
"""Files of a folder: decoded pictures, what decides on a view, and features without a training."""


class DrawnView:
    """`(n, height, width, 3) uint8`, drawn row by row over all cores when they are asked for."""

    def __init__(self, draw: Callable[[int], Pixels], shape: tuple[int, ...]) -> None:
        """Take what draws a row."""
        self._draw, self.shape = draw, shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> npt.NDArray[np.uint8]:
        places = np.arange(len(self))[rows]
        if places.ndim == 0:
            return self._draw(int(places))
        if not len(places):
            return np.zeros((0, *self.shape[1:]), np.uint8)
        return np.stack(list(_pool().map(self._draw, places.tolist())))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(runtime.cores(), "draw")


class DrawnStore(Store):
    """Decoded pictures as a store: view 0 is the pictures, every other view is drawn anew.

    A view is that of `canting.models.augmentation.view` of the same number.
    """

    is_drawn = True

    def __init__(self, folder: Path) -> None:
        """Open a folder that the features stage wrote."""
        self.folder, self.key = folder, str(files.read_json(folder / KEY))
        self._pictures: Array = np.load(folder / PICTURES, mmap_mode="r")
        drawn = files.read_json(folder / DRAW)
        self._settings = cast("Features", SimpleNamespace(**drawn["settings"]))
        self._seed, self._digests = int(drawn["seed"]), drawn["digests"]
        tested = len(augmentation.views_of_test(self._settings))
        self.test_views = [self.view(-number) for number in range(tested)]

    @property
    def augmented(self) -> int:
        """Number of augmented views; none where `features.views` is 0."""
        return UNLIMITED if self._settings.views else 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width, and channels."""
        return tuple(self._pictures.shape[1:])

    @property
    def pooled(self) -> Array:
        """Features `(n, …)` that pictures are compared by: of the backbone before any training.

        Pictures themselves, where a backbone has no weights before it is trained.
        """
        path = self.folder / POOLED
        return np.load(path, mmap_mode="r") if path.exists() else self._pictures

    def view(self, number: int) -> Array:
        """Return view `number` of every picture; negative ones are the further views of a test."""
        if number == 0:
            return self._pictures
        drawn = DrawnView(partial(self._view, number), self._pictures.shape)
        return cast("Array", drawn)

    def _view(self, number: int, row: int) -> Pixels:
        picture, identity = self._pictures[row], self._digests[row]
        return augmentation.view(picture, number, identity, self._settings, self._seed)


def write_draw(folder: Path, settings: Features, seed: int, digests: Sequence[str]) -> None:
    """Write what decides on the views of a folder."""
    drawn = {"settings": settings.model_dump(), "seed": seed, "digests": list(digests)}
    files.write_json(folder / DRAW, drawn)


def opened(folder: Path) -> Store:
    """Open a folder that the features stage wrote: of features, or of pictures."""
    return DrawnStore(folder) if (folder / DRAW).exists() else Store(folder)


Made = TypeVar("Made")

_END: Any = object()


def ahead(made: Iterable[Made]) -> Iterator[Made]:
    """Yield all of an iterable; the next ones are made meanwhile, one by one in another thread."""
    source = iter(made)
    waiting: deque[Future[Made]] = deque()
    try:
        for _ in range(AHEAD):
            waiting.append(_maker().submit(next, source, _END))
        while waiting:
            waiting.append(_maker().submit(next, source, _END))
            one = waiting.popleft().result()
            if one is _END:
                return
            yield one
    finally:
        for left in waiting:
            if not left.cancel():
                left.exception()


@cache
def _maker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "prefetch")
