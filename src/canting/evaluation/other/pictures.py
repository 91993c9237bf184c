"""Pictures of the collections of `evaluate.other`, without those that the training shows too."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.config.columns import LABEL, PATH
from canting.config.fetch import Collections, Fetch
from canting.config.tables import QUARANTINE
from canting.core.errors import CantingError
from canting.data import manifest, near_duplicates, origins
from canting.data.fetch.fetch import fetch, told
from canting.data.fetch.names import plain
from canting.data.preprocess.decode import decode_all
from canting.data.validate import tables


class Brought(NamedTuple):
    """A row a picture as in the manifest, why others were left out, and words on how it went."""

    pictures: pd.DataFrame
    left_out: pd.DataFrame
    words: tuple[str, ...]


def bring(wanted: Collections | None, build: Path, size: tuple[int, int], target: Path) -> Brought:
    """Write pictures, manifest and decoded array of other collections below `target`, a new folder.

    A picture near one of the manifest in `build` is left out, as is one that cannot be decoded.
    Without collections the manifest is empty and there is no array. Raises `CantingError` for a
    collection that cannot be read, is trained on, or has a class under another spelling.
    """
    known = manifest.read(build / "manifest.parquet")
    if wanted is None:
        nothing = pd.DataFrame({name: [] for name in manifest.COLUMNS})
        manifest.write(target / "manifest.parquet", nothing)
        return Brought(nothing, pd.DataFrame(columns=QUARANTINE), ())
    _check_names([one.name for one in wanted], known["collection"].unique())
    try:
        fetched = fetch(Fetch(source=wanted), target / "raw", target / "digests.csv", least=1)
    except CantingError as error:
        raise CantingError(
            f"`evaluate.other`, whose entries have keys of `fetch`: {error}"
        ) from None
    found = tables.with_origins(tables.read(target / "raw"), target)
    classes = manifest.classes(known)
    _check_labels(found, classes)
    near = _with_groups(found[found["error"].isna()], known, build, target)
    pictures = near[near["like"] == ""].drop(columns="like").reset_index(drop=True)
    if pictures.empty:
        raise CantingError(
            f"`evaluate.other`: expected pictures that are not trained on. Received: {len(found)}, "
            "each of which cannot be decoded, or is a near-duplicate of one in `fetch.source`. "
            "Name other collections."
        )
    manifest.write(target / "manifest.parquet", pictures)
    decode_all(target / "raw", pictures[PATH].tolist(), size, target / "pictures.npy")
    left_out = _left_out(found, near, origins.read(target / origins.LEFT_OUT))
    words = (*tuple(told(fetched))[:-1], *_words(pictures, classes, len(left_out)))
    return Brought(pictures, left_out, words)


def _check_names(names: Collection[str], trained: Collection[str]) -> None:
    both = sorted(set(names) & set(trained))
    if both:
        raise CantingError(
            "`evaluate.other`: expected names of collections that are not trained on. Received: "
            f"{both[0]!r}, which `fetch.source` names too. Leave it out in one of them."
        )


def _check_labels(found: pd.DataFrame, classes: Collection[str]) -> None:
    """Refuse a label that is a class but for its spelling: it would pass for an unknown one."""
    spelled = {plain(name): name for name in classes}
    for label in sorted(set(found[LABEL]) - set(classes)):
        if meant := spelled.get(plain(label)):
            raise CantingError(
                f"`evaluate.other`: expected {meant!r}, as the class is spelled in `fetch.source`, "
                f"or a label unlike it. Received: {label!r} in "
                f"{found.loc[found[LABEL] == label, 'collection'].iloc[0]!r}. Give that entry "
                f"`classes: {{{label}: {meant}, …}}`."
            )


def _with_groups(
    found: pd.DataFrame, known: pd.DataFrame, build: Path, target: Path
) -> pd.DataFrame:
    """Return the pictures with their groups, and in `like` a training picture of the group."""
    below = target.relative_to(build) / "raw"
    paths = ["raw/" + known[PATH], below.as_posix() + "/" + found[PATH]]
    groups = near_duplicates.group(build, pd.concat(paths).tolist(), target)
    of_known = pd.Series(known[PATH].tolist(), groups[: len(known)])
    first = of_known[~of_known.index.duplicated()]
    near = pd.Series(groups[len(known) :], found.index)
    return found.assign(
        near_duplicate=tables.number(near),
        group=tables.joined(near, found["group"]),
        like=near.map(first).fillna("").to_numpy(),
    )


def _left_out(found: pd.DataFrame, near: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    bad = found.loc[found["error"].notna(), [PATH, "error"]].set_axis(QUARANTINE, axis=1)
    like = near.loc[near["like"] != "", [PATH, "like"]].set_axis(QUARANTINE, axis=1)
    like["reason"] = "near-duplicate of a training picture: " + like["reason"]
    others["reason"] = "not fetched: " + others["reason"]
    return pd.concat([bad, like, others]).sort_values(PATH, ignore_index=True)


def _words(pictures: pd.DataFrame, classes: Collection[str], left_out: int) -> Iterator[str]:
    for name, part in pictures.groupby("collection"):
        known = part[LABEL].isin(list(classes))
        asked = f"{known.sum()} pictures of {part.loc[known, LABEL].nunique()} classes"
        unknown = part.loc[~known, LABEL]
        rest = f", {len(unknown)} of {unknown.nunique()} labels that no class has"
        yield f"{name}: {asked}{rest if len(unknown) else ''}"
    yield (
        f"{len(pictures)} pictures that nothing is trained on, in {pictures['group'].nunique()} "
        f"groups; left out: {left_out} (results/other/left_out.csv)"
    )


def read(folder: Path) -> tuple[pd.DataFrame, npt.NDArray[np.uint8]]:
    """Return what `bring` wrote: the manifest, and the pictures, `(n, height, width, 3)`."""
    pictures = manifest.read(folder / "manifest.parquet")
    if pictures.empty:
        return pictures, np.zeros((0, 1, 1, 3), np.uint8)
    return pictures, np.load(folder / "pictures.npy", mmap_mode="r")
