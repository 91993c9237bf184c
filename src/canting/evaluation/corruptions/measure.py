"""Which pictures are measured, and under which changes."""

import time
from collections.abc import Collection, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.bundle.ensemble import averaged
from canting.config.catalog import CORRUPTIONS, trains_all
from canting.config.columns import FOLD, LABEL, PREDICTED
from canting.core import files
from canting.core.cluster.portable import Need
from canting.core.keys import code_key
from canting.data.manifest import HELD_OUT, tested_folds
from canting.data.preprocess.decode import decode_all
from canting.evaluation.corruptions.changes import changed
from canting.imaging.pictures import Pixels
from canting.models.augmentation import CropAndFlip, views_of_test
from canting.models.features import inference, store, trunk
from canting.models.features.cache import CachedView
from canting.models.features.compute import Pictures, loaded, pictures_name
from canting.models.features.drawn import DrawnView
from canting.models.features.store import Array
from canting.models.train import fold, grid
from canting.models.train.fold import FoldTask

Rows = npt.NDArray[np.int64]


class Cell(NamedTuple):
    """A kind of change at one level."""

    kind: str
    level: float


Variant = tuple[Cell, CropAndFlip]
"""A change, and the view of a test that sees it."""

UNCHANGED = Cell("none", 0)
"""The pictures as they are."""


def measured_cells(leave_out: Collection[str]) -> list[Cell]:
    """Return every level of every kind that is not left out."""
    return [
        Cell(name, level)
        for name, kind in CORRUPTIONS.items()
        if name not in leave_out
        for level in kind.levels
    ]


def measured_rows(table: pd.DataFrame, digests: Sequence[str], most: int) -> Rows:
    """Return rows of the table of folds, sorted: of each class those with the smallest digests.

    At most so many a class, all for 0; a digest has nothing to do with what a picture shows.
    Held-out pictures are left alone, and those of no class.
    """
    named = pd.DataFrame({LABEL: table[LABEL].to_numpy(), "digest": list(digests)})
    inside = named[tested_folds(table) != HELD_OUT].sort_values("digest", kind="stable")
    places = inside.groupby(LABEL).cumcount()
    kept = inside.index[(places < most).to_numpy()] if most else inside.index
    return np.sort(kept.to_numpy(np.int64))


class Changed(NamedTuple):
    """Pictures under changes, each with its further views of a test.

    On another machine, those from place `first` on, whose pictures are in a file.
    """

    pictures: Pictures
    rows: Rows
    cells: Sequence[Cell]
    test_views: Sequence[CropAndFlip]
    seed: int
    first: int = 0
    file: Path | None = None

    def variants(self) -> list[Variant]:
        """Return every change with every view of a test."""
        return variants(self.cells, self.test_views)

    def make(self, number: int, row: int) -> Pixels:
        """Return one of the rows under a change, as one view of a test sees it."""
        (kind, level), seen = self.variants()[number]
        place = int(self.rows[row - self.first])
        pictures = self.pictures.array if self.file is None else loaded(self.file)
        identity = self.pictures.digests[place]
        return seen.of(changed(pictures[place], kind, level, identity, self.seed))

    def needs(self, places: range) -> list[Need]:
        """Return the pictures of some places, as they are."""
        name = self._name(places)
        return [Need(name, self.pictures.array[self._rows(places)], name, stays=False)]

    def moved(self, places: range) -> "Changed":
        """Return what makes these on another machine."""
        digests = [self.pictures.digests[row] for row in self._rows(places)]
        pictures = Pictures(np.zeros((0, *self.pictures.size, 3), np.uint8), digests)
        file = Path(self._name(places))
        rows = np.arange(len(places))
        return self._replace(pictures=pictures, rows=rows, first=places.start, file=file)

    def _rows(self, places: range) -> Rows:
        return self.rows[places.start : places.stop]

    def _name(self, places: range) -> str:
        digests = [self.pictures.digests[row] for row in self._rows(places)]
        return pictures_name(digests, self.pictures.size)

    def drawn(self) -> list[list[Array]]:
        """Return for each change, for each view of a test, the pictures; they are drawn later."""
        shape = (len(self.rows), *self.pictures.array.shape[1:])
        every = range(len(self.variants()))
        found = [cast("Array", DrawnView(partial(self.make, one), shape)) for one in every]
        return _by_change(found, self.test_views)


def variants(cells: Sequence[Cell], test_views: Sequence[CropAndFlip]) -> list[Variant]:
    """Return every change with every view of a test."""
    return list(product(cells, test_views))


def _by_change(found: list[Array], test_views: Sequence[CropAndFlip]) -> list[list[Array]]:
    count = len(test_views)
    return [found[at : at + count] for at in range(0, len(found), count)]


def answers(
    backbone: str, fine_tune_from: str | None, wanted: Changed, cache: Path, levels: int = 1
) -> list[list[Array]]:
    """Return for each change, for each view of a test, `(rows, …)` features, memory-mapped.

    What `cache` holds is not made again. Where every layer is trained, they are the pictures, and
    are drawn when they are asked for.
    """
    if trains_all(backbone, fine_tune_from):
        return wanted.drawn()
    size, count = wanted.pictures.size, len(wanted.rows)
    made_by = trunk.key(backbone, fine_tune_from, size, levels)
    digests = [wanted.pictures.digests[row] for row in wanted.rows]
    kept = dict(enumerate(places(made_by, digests, wanted.variants(), wanted.seed, cache)))
    missing = {number: one for number, one in kept.items() if not one.is_whole(count)}
    if missing:
        start, label = time.perf_counter(), f"corruptions {store.slug(backbone, fine_tune_from)}"
        answer = trunk.converted(backbone, fine_tune_from, size, cache, levels)
        inference.run(wanted, answer, missing, count, label=label, start=start)
    found = [np.load(one.array, mmap_mode="r") for one in kept.values()]
    return _by_change(found, wanted.test_views)


def places(
    trunk_key: str,
    digests: Sequence[str],
    variants: Sequence[Variant],
    seed: int,
    cache: Path,
) -> list[CachedView]:
    """Return where the answers to changed pictures are kept, for each change and view of a test."""
    made_from = files.digest(trunk_key, digests, seed, code_key(answers, decode_all))
    keys = [files.digest(made_from, *variant) for variant in variants]
    return [CachedView(cache / "corruptions" / f"{key}.npy") for key in keys]


def measure(tasks: Sequence[FoldTask], pictures: Pictures) -> pd.DataFrame:
    """Return a row for each measured picture and change: kind, level, label, predicted.

    `tasks` are those of one scenario, or of each member of an ensemble, one a fold; what was not
    trained or is not kept is trained.
    """
    first = tasks[0]
    params, of_fold = first.params, first.table[FOLD].to_numpy()
    rows = measured_rows(first.table, pictures.digests, params.corruptions.pictures)
    cells = measured_cells(params.corruptions.leave_out)
    wanted = Changed(pictures, rows, cells, views_of_test(params.features), params.seed)
    names = dict.fromkeys(task.scenario.name for task in tasks)
    members = [[task for task in tasks if task.scenario.name == name] for name in names]
    logits = averaged(np.stack([_logits(one, wanted, of_fold[rows]) for one in members]))
    pairs = zip([UNCHANGED, *cells], logits, strict=True)
    return pd.concat([_predictions(first, rows, *pair) for pair in pairs], ignore_index=True)


def _logits(
    tasks: Sequence[FoldTask], wanted: Changed, folds: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return a scenario's logits, `(1 + changes, n, classes)`, the pictures as they are first."""
    first = tasks[0]
    made = answers(*first.scenario.trunk, wanted, first.cache, first.params.features.levels)
    tails, kept = _trained(tasks)
    return np.concatenate([kept[wanted.rows][None], out_of_fold(tails, made, folds)])


def _trained(tasks: Sequence[FoldTask]) -> tuple[list[Any], npt.NDArray[np.float32]]:
    """Return the tail of each fold, and what they say of the pictures as they are."""
    grid.complete(tasks)
    outcomes = [grid.loaded(task) for task in tasks]
    logits = np.zeros((len(tasks[0].table), len(tasks[0].classes)), np.float32)
    for outcome in outcomes:
        logits[outcome.rows] = outcome.logits
    pairs = zip(tasks, outcomes, strict=True)
    return [fold.rebuilt(task, outcome.weights) for task, outcome in pairs], logits


def out_of_fold(
    tails: Sequence[Any], changes: Sequence[Sequence[Array]], folds: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return logits, `(changes, n, classes)`: each row by the tail that was trained without it.

    Tail after tail, as Keras compiles each once for all changes.
    """
    from canting.models.train import prediction

    logits = np.zeros((len(changes), len(folds), tails[0].output_shape[-1]), np.float32)
    for number, tail in enumerate(tails):
        rows = np.flatnonzero(folds == number)
        for place, views in enumerate(changes if len(rows) else ()):
            logits[place, rows] = prediction.mean_answers(tail, views, rows)
    return logits


def _predictions(
    task: FoldTask, rows: Rows, cell: Cell, logits: npt.NDArray[np.floating]
) -> pd.DataFrame:
    labels = np.asarray(task.classes, dtype=object)
    return pd.DataFrame(
        {
            "kind": cell.kind,
            "level": float(cell.level),
            LABEL: task.table[LABEL].to_numpy()[rows],
            PREDICTED: labels[logits.argmax(axis=1)],
        }
    )
