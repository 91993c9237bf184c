"""Stratified, group-disjoint folds and hold-out, drawn once from a seed."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.config.columns import UNKNOWN
from canting.core.errors import CantingError
from canting.data.manifest import HELD_OUT

Folds = npt.NDArray[np.int64]
"""`(n,)`: the fold that tests a picture, or `HELD_OUT`."""


class TooFewGroupsError(CantingError):
    """A class that cannot be in every fold."""

    def __init__(self, label: str, groups: int, wanted: int, hold_out: float) -> None:
        """Name the class and the largest number of folds."""
        apart = f" beside `preprocess.hold_out: {hold_out:g}`" if hold_out else ""
        largest = groups - bool(hold_out)
        advice = f"`folds: {largest}` is the most" if largest > 1 else "no number is possible"
        super().__init__(
            f"`folds`: expected at least {wanted} groups of near-duplicates in each class{apart}. "
            f"Received: {groups} in class {label!r}. Add pictures of {label!r}, or "
            f"let `fetch.group` join fewer; as it is, {advice}."
        )


def draw(
    labels: Sequence[str],
    groups: npt.NDArray[np.int64],
    folds: int,
    hold_out: float,
    seed: int,
    apart: npt.NDArray[np.bool_] | None = None,
) -> Folds:
    """Return the fold of each picture; no group is in two folds, classes keep their shares.

    `apart` says which pictures the source holds out. Pictures of no class have no say in where the
    others are: see `with_unknown`. Raises `TooFewGroupsError` for a class with fewer groups than
    folds.
    """
    names = np.asarray(labels)
    known = names != UNKNOWN
    if not known.all():
        ours = None if apart is None else apart[known]
        drawn = draw(names[known].tolist(), groups[known], folds, hold_out, seed, ours)
        if apart is None:
            return with_unknown(drawn, known, groups, folds)
        given = np.where(apart, HELD_OUT, np.nan)
        return np.where(apart, HELD_OUT, with_unknown(drawn, known, groups, folds, given))
    inside = np.arange(len(names)) if apart is None else np.flatnonzero(~apart)
    _check(names[inside], groups[inside], folds, hold_out)
    result = np.full(len(names), HELD_OUT, dtype=np.int64)
    if hold_out:
        parts = round(1 / hold_out)
        inside = next(iter(_splits(names, groups, parts, seed)))[0]
    for fold, (_, test) in enumerate(_splits(names[inside], groups[inside], folds, seed)):
        result[inside[test]] = fold
    return result


def with_unknown(
    drawn: Folds,
    known: npt.NDArray[np.bool_],
    groups: npt.NDArray[np.int64],
    folds: int,
    given: npt.NDArray[np.float64] | None = None,
) -> Folds:
    """Return the fold of each picture, `(n,)`, from those of the `known` ones, which have a class.

    A picture of no class is where a known one of its group is, so that nothing is trained on beside
    its test. Others are where they are `given`, `(n,)`; those with NaN are dealt out group by
    group, so that every fold has about as many.
    """
    if known.all():
        return drawn
    of_group = pd.Series(drawn).groupby(groups[known]).min()
    if given is not None:
        of_group = of_group.combine_first(pd.Series(given).groupby(groups).min())
    of_group = of_group.dropna().astype(np.int64)
    left = np.unique(groups[~np.isin(groups, of_group.index)], return_counts=True)
    dealt = np.zeros(folds, np.int64)
    for place in np.argsort(-left[1], kind="stable"):
        fold = int(dealt.argmin())
        of_group[left[0][place]] = fold
        dealt[fold] += left[1][place]
    result: Folds = np.array(of_group[groups], np.int64)
    result[known] = drawn
    return result


def _check(
    labels: npt.NDArray[np.str_], groups: npt.NDArray[np.int64], folds: int, hold_out: float
) -> None:
    counts = pd.Series(groups).groupby(labels).nunique()
    wanted = folds + bool(hold_out)
    if counts.min() < wanted:
        raise TooFewGroupsError(str(counts.idxmin()), int(counts.min()), wanted, hold_out)


def _splits(
    labels: npt.NDArray[np.str_], groups: npt.NDArray[np.int64], parts: int, seed: int
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(labels)), labels, groups))
