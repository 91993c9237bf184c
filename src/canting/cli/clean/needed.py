"""Every file below `.canting` that the stages look for, with these parameters and pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from canting.config.catalog import trains_all
from canting.config.columns import FOLD
from canting.config.params import Params
from canting.data.preprocess import division
from canting.evaluation.corruptions import measure
from canting.evaluation.other import answers
from canting.models.augmentation import views_of_test
from canting.models.features import compute, cost, trunk
from canting.models.train import fold, grid
from canting.models.tune import search, study


@dataclass(frozen=True)
class DatasetRows:
    """The table of folds, as `preprocess` writes it, and the SHA-256 of each picture's file.

    `other` are those of the collections that nothing is trained on; `collections` is the table
    whose folds are the collections, where refusals are fixed on these.
    """

    table: pd.DataFrame
    digests: Sequence[str]
    other: Sequence[str] = ()
    collections: pd.DataFrame | None = None


def pictures(params: Params, manifest: pd.DataFrame, other: Sequence[str] = ()) -> DatasetRows:
    """Return the pictures of a manifest with the folds that the parameters draw."""
    table = division.fold_table(manifest, params)
    collections = division.collection_table(table, manifest)
    return DatasetRows(table, manifest["sha256"].tolist(), other, collections)


def needed(params: Params, found: DatasetRows, cache: Path) -> set[Path]:
    """Return the places of views, trunks, trainings, answers, changed pictures and searches.

    Those of the winner are the places of every scenario: which one wins is for the next run to say.
    """
    views = {trunk: _views(params, found, *trunk) for trunk in params.trunks()}
    stores = {trunk: one.key for trunk, one in views.items()}
    keys = (key for one in views.values() for key in one.keys.values())
    places = {compute.place(cache, key).array for key in keys}
    return places.union(
        _trunks(params, cache),
        _trainings(params, found, stores, cache),
        _answers(params, found, stores, cache),
        _changed(params, found, cache),
        _searches(params, found, stores, cache),
    )


def _views(
    params: Params, found: DatasetRows, backbone: str, fine_tune_from: str | None
) -> compute.Views:
    size, settings, device = params.image_size, params.features, params.compute.chosen()
    made_from = size, found.digests, settings, params.seed, device
    return compute.Views(backbone, fine_tune_from, *made_from)


def _trunks(params: Params, cache: Path) -> Iterator[Path]:
    size = params.image_size
    for backbone, cut in params.trunks():
        if not trains_all(backbone, cut):
            yield trunk.place(backbone, cut, size, cache, params.features.levels)
        yield trunk.place(backbone, None, size, cache)
        yield cost.place(backbone, size, cache)


def _trainings(
    params: Params, found: DatasetRows, stores: dict[tuple[str, str | None], str], cache: Path
) -> Iterator[Path]:
    on_all = grid.tasks_on_all(params, found.table, Path(), cache).values()
    of_folds = [one.task for one in grid.drawn_tasks(params, found.table, Path(), cache)]
    left_out = _without_collections(params, found.collections, cache)
    for task in (*of_folds, *on_all, *left_out):
        yield fold.place(task, stores[task.scenario.trunk])


def _without_collections(
    params: Params, table: pd.DataFrame | None, cache: Path
) -> list[fold.FoldTask]:
    if table is None:
        return []
    ours = params.model_copy(update={"folds": int(table[FOLD].max()) + 1})
    return grid.tasks_of_folds(ours, table, Path(), cache)


def _answers(
    params: Params, found: DatasetRows, stores: dict[tuple[str, str | None], str], cache: Path
) -> Iterator[Path]:
    """Yield the views of other collections' pictures, and what each fold's model says of them."""
    if not found.other:
        return
    ours = params.model_copy(update={"features": answers.views(params.features)})
    asked = replace(found, digests=found.other)
    views = {one: _views(ours, asked, *one) for one in params.trunks()}
    for one in views.values():
        yield from (compute.place(cache, key).array for key in one.keys.values())
    for task in grid.tasks_of_folds(params, found.table, Path(), cache):
        trained = fold.place(task, stores[task.scenario.trunk])
        yield answers.place(cache, trained, views[task.scenario.trunk].key)


def _changed(params: Params, found: DatasetRows, cache: Path) -> Iterator[Path]:
    settings, levels = params.corruptions, params.features.levels
    rows = measure.measured_rows(found.table, found.digests, settings.pictures)
    digests = [found.digests[row] for row in rows]
    cells = measure.measured_cells(settings.leave_out)
    variants = measure.variants(cells, views_of_test(params.features))
    for backbone, cut in params.trunks():
        if trains_all(backbone, cut):
            continue
        made_by = trunk.key(backbone, cut, params.image_size, levels)
        for one in measure.places(made_by, digests, variants, params.seed, cache):
            yield one.array


def _searches(
    params: Params, found: DatasetRows, stores: dict[tuple[str, str | None], str], cache: Path
) -> Iterator[Path]:
    searches = study.tasks(params, found.table, Path(), cache)
    for task in (*searches, *map(study.on_all, searches)):
        backbone = task.scenario.backbone
        yield search.place(task, {cut: stores[backbone, cut] for cut in task.stores})
