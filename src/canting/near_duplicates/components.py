"""Connected components (union-find)."""

import numpy as np
import numpy.typing as npt


class Components:
    """Numbers that start alone and are joined in pairs."""

    def __init__(self, count: int) -> None:
        """Put each of the numbers from 0 to `count` - 1 alone."""
        self._parents = list(range(count))

    def find(self, item: int) -> int:
        """Return the smallest number joined with `item`."""
        while self._parents[item] != item:
            item = self._parents[item]
        return item

    def join(self, first: int, second: int) -> None:
        """Join two numbers and all that is joined with them."""
        low, high = sorted((self.find(first), self.find(second)))
        for item in (first, second):
            self._shorten(item, low)
        self._parents[high] = low

    def roots(self) -> npt.NDArray[np.int64]:
        """Return `(count,) int64`: the smallest number joined with each number."""
        return np.array([self.find(item) for item in range(len(self._parents))], np.int64)

    def _shorten(self, item: int, root: int) -> None:
        while self._parents[item] != item:
            self._parents[item], item = root, self._parents[item]
