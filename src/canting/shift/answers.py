"""What a trunk answers to changed pictures, kept change by change."""

import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from canting.core import files
from canting.core.keys import code_digest
from canting.imaging.pictures import Pixels
from canting.models.augmentation import flip
from canting.models.features import inference, store, trunk
from canting.models.features.cache import CachedView
from canting.models.features.compute import MADE_BY, Pictures
from canting.models.features.store import Array
from canting.shift.changes import changed
from canting.shift.measured import Cell, Rows


class Changed(NamedTuple):
    """Pictures under changes, each with its further views of a test."""

    pictures: Pictures
    rows: Rows
    cells: Sequence[Cell]
    test_views: int
    seed: int

    def variants(self) -> list[tuple[Cell, int]]:
        """Return every change with every view of a test."""
        return list(product(self.cells, range(self.test_views)))

    def make(self, variant: int, place: int) -> Pixels:
        """Return one of the rows under a change, as one view of a test sees it."""
        (kind, level), number = self.variants()[variant]
        row = int(self.rows[place])
        identity = self.pictures.digests[row]
        return flip(changed(self.pictures.array[row], kind, level, identity, self.seed), number)


def answers(
    backbone: str, fine_tune_from: str | None, wanted: Changed, cache: Path, levels: int = 1
) -> list[list[Array]]:
    """Return for each change, for each view of a test, `(rows, …)` features, memory-mapped.

    What `cache` holds is not made again.
    """
    size, count = wanted.pictures.size, len(wanted.rows)
    made_from = files.digest(
        trunk.key(backbone, fine_tune_from, size, levels),
        [wanted.pictures.digests[row] for row in wanted.rows],
        wanted.seed,
        code_digest(*MADE_BY, "shift/changes"),
    )
    keys = [files.digest(made_from, *variant) for variant in wanted.variants()]
    kept = {number: CachedView(cache / "shift" / f"{key}.npy") for number, key in enumerate(keys)}
    missing = {number: one for number, one in kept.items() if not one.is_whole(count)}
    if missing:
        start, label = time.perf_counter(), f"shift {store.slug(backbone, fine_tune_from)}"
        answer = trunk.load(backbone, fine_tune_from, size, cache, levels)
        inference.run(wanted.make, answer, missing, count, label=label, start=start)
    found = [np.load(one.array, mmap_mode="r") for one in kept.values()]
    return [found[at : at + wanted.test_views] for at in range(0, len(found), wanted.test_views)]
