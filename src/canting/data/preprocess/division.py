"""How the pictures of a manifest are divided: by draw, by collections, or by the source."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.config.columns import FOLD, FOLDS, LABEL, PATH
from canting.config.params import Params
from canting.config.tables import fold_column
from canting.core.errors import CantingError
from canting.data.manifest import HELD_OUT, classes, collections, of_class
from canting.data.preprocess.folds import Folds, draw, with_unknown


def fold_table(pictures: pd.DataFrame, params: Params) -> pd.DataFrame:
    """Return the table of folds of a manifest: `fold`, and `fold_2`, … of further draws.

    All draws hold out the same pictures. Collections are the same folds in every draw, which then
    differ by the seeds of training alone: they have one column.
    """
    first = divided(pictures, params)
    again = () if params.preprocess.split == "collections" else range(2, params.repeats + 1)
    further = {fold_column(one): _redrawn(pictures, first, params.of_draw(one)) for one in again}
    return pictures.assign(**{FOLD: first}, **further)[[*FOLDS, *further]]


def _redrawn(pictures: pd.DataFrame, first: Folds, params: Params) -> Folds:
    inside = np.flatnonzero(first != HELD_OUT)
    table = pictures.iloc[inside]
    labels, groups = table[LABEL].tolist(), table["group"].to_numpy(np.int64)
    drawn = np.full(len(first), HELD_OUT, np.int64)
    drawn[inside] = draw(labels, groups, params.folds, 0.0, params.seed)
    return drawn


def divided(pictures: pd.DataFrame, params: Params) -> Folds:
    """Return the fold of each picture of a manifest, as the parameters want it."""
    if params.preprocess.split == "collections":
        return by_collection(pictures, params.folds)
    groups, labels = pictures["group"].to_numpy(np.int64), pictures[LABEL].tolist()
    source = params.preprocess.split == "source"
    apart = held_out(pictures["split"].tolist()) if source else None
    if apart is not None:
        known, there = of_class(pictures), pictures[LABEL]
        only = sorted(set(there[known & apart]) - set(there[known & ~apart]))
        if only:
            raise CantingError(
                "`preprocess.split` is `source`: expected every class in train or val too. "
                f"Received only in test: {', '.join(map(repr, only))}. Add pictures, or leave "
                "the class out with `fetch.classes`."
            )
    return draw(labels, groups, params.folds, params.preprocess.hold_out, params.seed, apart)


def held_out(splits: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which pictures are the test part of the source; the others go to the folds.

    Raises `CantingError` for pictures without a part, and where there is no test part.
    """
    counts = Counter(splits)
    if not counts["test"] or counts["test"] == len(splits) or counts[""]:
        found = ", ".join(f"{number} in {name or 'no part'}" for name, number in counts.items())
        raise CantingError(
            "`preprocess.split` is `source`: expected every picture in train, val or test of the "
            f"source, and some in test. Received: {found}. Bring such a source, or set "
            "`preprocess.split: folds`."
        )
    return np.asarray([split == "test" for split in splits])


def by_collection(pictures: pd.DataFrame, folds: int) -> Folds:
    """Return the number of each picture's collection, in the order of their names: a fold each.

    A group of near-duplicates goes to the collection that has most of it. Pictures of no class go
    with their collection; those of one that has no others are dealt out. Raises `CantingError` for
    fewer than two collections, another number of `folds`, and a class that one of them lacks.
    """
    names = collections(pictures)
    if len(names) < 2:
        raise CantingError(
            "`preprocess.split` is `collections`: expected pictures of two or more. Received: one. "
            "Name several in `fetch.source`, or set `preprocess.split: folds`."
        )
    if folds != len(names):
        raise CantingError(
            f"`folds`: expected {len(names)}, one for each collection ({', '.join(names)}), as "
            f"`preprocess.split` is `collections`. Received: {folds}. Set `folds: {len(names)}`."
        )
    drawn = _of_groups(pictures, names)
    _check_classes(pictures, drawn, names)
    return drawn


def collection_table(folds: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame | None:
    """Return a table of folds whose folds are the collections, as `by_collection` numbers them.

    Held-out pictures stay so. Returns nothing where fewer than two collections have every class:
    with two, whichever is left out, the others have all classes. Nor where all pictures of one are
    near ones of others, so that it has none of its own.
    """
    inside = (folds[FOLD] != HELD_OUT).to_numpy()
    pictures = manifest.set_index(PATH).loc[folds[PATH][inside]].reset_index()
    names = collections(pictures)
    drawn = _of_groups(pictures, names)
    counts = _counts(pictures, drawn, names)
    if counts.all(axis=0).sum() < 2 or not counts.any(axis=0).all():
        return None
    numbers = np.full(len(folds), HELD_OUT, np.int64)
    numbers[inside] = drawn
    return folds.assign(**{FOLD: numbers})


def _of_groups(pictures: pd.DataFrame, names: Sequence[str]) -> Folds:
    known = of_class(pictures)
    ours = pictures[known]
    counts = pd.crosstab(ours["group"], ours["collection"])[names]
    drawn = counts.to_numpy().argmax(axis=1)[counts.index.get_indexer(pd.Index(ours["group"]))]
    numbers = {name: number for number, name in enumerate(names)}
    given = np.asarray(pictures["collection"].map(numbers), np.float64)
    groups = pictures["group"].to_numpy(np.int64)
    return with_unknown(np.asarray(drawn, np.int64), known, groups, len(names), given)


def _counts(pictures: pd.DataFrame, drawn: Folds, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return how many pictures of each class each fold tests, `(classes, folds)`."""
    known = of_class(pictures)
    counts = pd.crosstab(pictures[LABEL][known], drawn[known])
    return counts.reindex(columns=range(len(names)), fill_value=0).to_numpy(np.int64)


def _check_classes(pictures: pd.DataFrame, drawn: Folds, names: Sequence[str]) -> None:
    counts = _counts(pictures, drawn, names)
    lacking = [
        f"{label!r} has none in {', '.join(np.asarray(names)[row == 0])}"
        for label, row in zip(classes(pictures), counts, strict=True)
        if not row.all()
    ]
    if lacking:
        raise CantingError(
            "`preprocess.split` is `collections`: expected pictures of every class in every "
            f"collection. Received: {'; '.join(lacking)}. Leave these classes out with "
            "`fetch.classes`, or these collections with `fetch.source`."
        )
