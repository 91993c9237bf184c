"""The folder of features: one array a view, so that views are made, kept and read one by one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from canting.config.catalog import file_name
from canting.core import files
from canting.core.cluster.portable import Need
from canting.core.errors import CantingError

Array = npt.NDArray[Any]


def slug(backbone: str, fine_tune_from: str | None) -> str:
    """Return the name of the folder that holds the features of a trunk."""
    name = file_name(backbone)
    return f"{name}@{fine_tune_from}" if fine_tune_from else name


class Store:
    """Features of one trunk: `view(v)` is `(n, …)`, memory-mapped; view 0 is not augmented.

    `test_views` are what a prediction is averaged over: view 0, and those of its flips and crops
    that were made.
    """

    is_drawn = False
    """Whether a view is drawn when it is asked for, so that it is worth drawing ahead."""

    def __init__(self, folder: Path) -> None:
        """Open a folder that the features stage wrote."""
        self.folder = folder
        paths = sorted(folder.glob("view_*.npy"))
        if not paths:
            raise CantingError(f"`{folder}` holds no features. Run `dvc repro features`.")
        self._views: list[Array] = [np.load(path, mmap_mode="r") for path in paths]
        further = sorted(folder.glob("test_*.npy"))
        self.test_views = [self._views[0], *(np.load(path, mmap_mode="r") for path in further)]
        self.key = str(files.read_json(folder / KEY))

    @property
    def augmented(self) -> int:
        """Number of augmented views."""
        return len(self._views) - 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what the trunk answers for one picture."""
        return tuple(self._views[0].shape[1:])

    @property
    def pooled(self) -> Array:
        """Features `(n, …)` that pictures are compared by."""
        return self.view(0)

    def view(self, number: int) -> Array:
        """Return view `number` of every picture, rows in manifest order."""
        return self._views[number]


class Derived(Store):
    """A store whose views are made from those of another one, when they are read."""

    def __init__(self, whole: Store, of: Callable[[Array], Array]) -> None:
        """Take a store, and what makes a view of one of its views."""
        self.folder, self.key, self.is_drawn = whole.folder, whole.key, whole.is_drawn
        self._whole, self._of = whole, of
        self.test_views = [of(view) for view in whole.test_views]

    @property
    def augmented(self) -> int:
        """Number of augmented views."""
        return self._whole.augmented

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what the trunk answers for one picture."""
        return self._whole.shape

    def view(self, number: int) -> Array:
        """Return what is made of view `number`."""
        return self._of(self._whole.view(number))


KEY, OBJECTS = "key.json", "objects.json"
"""Files of a folder of features: its key, and under which name a storage holds each array."""


def needs(folder: Path, there: Path | None = None) -> list[Need]:
    """Return the files of a folder of features, for a task that finds them `there`."""
    key = str(files.read_json(folder / KEY))
    path = folder / OBJECTS
    names: dict[str, str] = files.read_json(path) if path.exists() else {}
    return [
        Need(
            names.get(one.name, (moved(key) / one.name).as_posix()),
            one,
            ((there or moved(key)) / one.name).as_posix(),
        )
        for one in sorted(folder.iterdir())
        if one != path
    ]


def moved(key: str) -> Path:
    """Return where another machine has a folder of features, below its cache."""
    return Path("stores", key)


def view_path(folder: Path, number: int) -> Path:
    """Return where a view is kept; negative ones are the further views of a test."""
    if number < 0:
        return folder / f"test_{-number:03d}.npy"
    return folder / f"view_{number:03d}.npy"
