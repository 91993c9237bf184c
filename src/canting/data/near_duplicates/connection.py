"""Connected components (union-find)."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from canting.core import parallel
from canting.data.near_duplicates.signature import colour_likeness
from canting.data.near_duplicates.verification import same


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


NEIGHBOURS = 16
"""How many pictures each picture is compared with at most."""


def neighbours(
    signatures: npt.NDArray[np.float16], queries: npt.NDArray[np.float16]
) -> npt.NDArray[np.int64]:
    """Return `(queries, k)` rows of `signatures`, nearest first; a query may find itself.

    One thread adds, in the order given: the graph, and so the answer, is the same every time. The
    graph refers to `signatures` where they lie.
    """
    from usearch.index import Index

    index = Index(ndim=signatures.shape[1], metric="ip", dtype="f16", expansion_search=128)
    index.add(np.arange(len(signatures)), signatures, copy=False, threads=1)
    count = min(NEIGHBOURS + 1, len(signatures))
    found = index.search(queries, count, threads=1, exact=len(signatures) <= 4 * NEIGHBOURS)
    return np.asarray(found.keys, dtype=np.int64).reshape(len(queries), count)


Rows = npt.NDArray[np.int64]
Signatures = npt.NDArray[np.float16]

MIN_COLOUR_LIKENESS = 0.75
"""Least likeness of the colours of two pictures; one pattern in two colourings is two cloths."""

_REPRESENTATIVES = 4


def connect(signatures: Signatures, records: npt.NDArray[np.void], places: Rows) -> Rows:
    """Return, for each signature, the smallest row that it is connected with.

    `places[i]` is the place in `records` of row i.
    """
    components = Components(len(signatures))

    def compare(task: tuple[int, list[int]]) -> list[tuple[int, int]]:
        row, others = task
        return [(row, other) for other in others if _alike(row, other)]

    def _alike(one: int, two: int) -> bool:
        first, second = sorted((one, two))
        if colour_likeness(signatures[first], signatures[second]) < MIN_COLOUR_LIKENESS:
            return False
        return same(records[places[first]], records[places[second]])

    queries = np.arange(len(signatures))
    near = neighbours(signatures, signatures)
    while len(queries):
        before = components.roots()
        tasks = _tasks(queries, near, components)
        label = "near-duplicates: compare"
        for found in parallel.run(compare, tasks, label=label, total=len(queries)):
            for pair in found:
                components.join(*pair)
        queries, near = _of_large_groups(components.roots(), before, signatures)
    return components.roots()


def _tasks(queries: Rows, near: Rows, components: Components) -> Iterator[tuple[int, list[int]]]:
    """Yield each row with the neighbours still to compare.

    What is joined by then depends on timing, but only spares comparisons within a component.
    """
    for row, others in zip(map(int, queries), near, strict=True):
        root = components.find(row)
        yield (
            row,
            [
                other
                for other in others.tolist()
                if components.find(other) != root
                and not (other < row and row in _of(other, queries, near))
            ],
        )


def _of(row: int, queries: Rows, near: Rows) -> Rows:
    """Return the neighbours of a row; none of one that is not asked for. `queries` are sorted."""
    place = int(np.searchsorted(queries, row))
    return near[place] if place < len(queries) and queries[place] == row else near[0, :0]


def _of_large_groups(roots: Rows, before: Rows, signatures: Signatures) -> tuple[Rows, Rows]:
    """Return rows to compare again, with their neighbours among a few rows of every group.

    In a group that is larger than a neighbourhood its members may see nothing but each other.
    """
    none = np.empty(0, np.int64)
    if np.array_equal(roots, before):
        return none, none
    order = np.argsort(roots, kind="stable")
    _, starts, sizes = np.unique(roots[order], return_index=True, return_counts=True)
    few = np.linspace(0, 1, _REPRESENTATIVES)
    chosen = starts[:, None] + np.rint(few * (sizes[:, None] - 1)).astype(np.int64)
    representatives = np.unique(order[chosen])
    large = sizes > NEIGHBOURS // 2
    queries = np.unique(order[chosen[large]])
    if not len(queries) or len(sizes) == 1:
        return none, none
    near = neighbours(signatures[representatives], signatures[queries])
    return queries, representatives[near]
