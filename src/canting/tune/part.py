"""The rows that a search may see, and no others."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from canting.features.store import Array, Store
from canting.train.balance import Rows
from canting.train.batches import Data


class Part(Store):
    """Some rows of a store, numbered from 0; read when they are asked for."""

    def __init__(self, whole: Store, rows: Rows) -> None:
        """Take the rows of a store."""
        self.folder, self.key = whole.folder, whole.key
        views = [whole.view(number) for number in range(whole.augmented + 1)]
        self._views = [_only(view, rows) for view in views]
        self.test_views = [_only(view, rows) for view in whole.test_views]


class _Only:
    def __init__(self, array: Array, rows: Rows) -> None:
        self._array, self._rows = array, rows
        self.shape = (len(rows), *array.shape[1:])

    def __getitem__(self, places: Any) -> npt.NDArray[Any]:
        return np.asarray(self._array[self._rows[places]])


def _only(array: Array, rows: Rows) -> Array:
    return cast("Array", _Only(array, rows))


def part(data: Data, rows: Rows) -> Data:
    """Return data of some rows alone."""
    kept = Part(data.store, rows)
    return data._replace(store=kept, targets=data.targets[rows], groups=data.groups[rows])
