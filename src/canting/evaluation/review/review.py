"""The table of doubtful labels: who says what against a label, the most doubtful first."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.config.columns import LABEL, PATH
from canting.config.records import ReviewMetrics
from canting.config.tables import REVIEW, SIMILAR
from canting.core.digits import DIGITS
from canting.data import manifest
from canting.data.relabel import Key, Relabelled
from canting.evaluation.review import neighbours
from canting.evaluation.review.label_errors import judge
from canting.evaluation.review.neighbours import Placed
from canting.models import scores

CHANCE = "chance "
"""Start of the names of the columns that hold out-of-fold probabilities; the label follows."""

LIKE = 3
"""Pictures of the given and of the proposed class that are shown beside a doubtful one."""

COPIES = "near_duplicate"
"""Column of the manifest that a picture shares with its near-duplicates."""

HELD_AGAINST = ["doubtful", "conflict", "outlier"]
"""Columns that say what is held against a label: see `ReviewMetrics`."""


class Reviewed(NamedTuple):
    """Doubtful labels, all of them, with what is alike of each of the first; counts of all."""

    table: pd.DataFrame
    similar: pd.DataFrame
    metrics: ReviewMetrics


def review(
    pictures: pd.DataFrame,
    predictions: pd.DataFrame,
    features: npt.NDArray[np.generic],
    confirmed: npt.NDArray[np.bool_],
    most: int,
) -> Reviewed:
    """Judge the label of every class; `most` doubtful ones get pictures that are alike.

    `features` and `confirmed` have the rows of `pictures`, the manifest. A label that a person
    confirmed is not doubted, and pictures of no class are left alone.
    """
    labels, rows = manifest.classes(pictures), np.flatnonzero(manifest.of_class(pictures))
    pictures, confirmed = pictures.iloc[rows], confirmed[rows]
    codes = np.asarray(pd.Categorical(pictures[LABEL], labels).codes, np.int64)
    placed = neighbours.place(features, codes, pictures[COPIES].to_numpy(np.int64), rows)
    distances = neighbours.distances(placed)
    table = _with_conflicts(_judged(pictures.reset_index(drop=True), predictions)).assign(
        distance=distances, outlier=neighbours.outliers(distances, codes)
    )
    table[HELD_AGAINST] = table[HELD_AGAINST].to_numpy() & ~confirmed[:, None]
    ranked = _ranked(table[table[HELD_AGAINST].any(axis=1)])
    similar = _similar(ranked[:most], table[PATH], placed, labels)
    return Reviewed(ranked[REVIEW].reset_index(drop=True), similar, _metrics(table, confirmed))


def confirmed(pictures: pd.DataFrame, table: Mapping[Key, Relabelled]) -> npt.NDArray[np.bool_]:
    """Return which pictures have the label that a row of corrected labels gives them, `(n,)`."""
    given = {(digest, row.label) for (digest, _), row in table.items()}
    pairs = zip(pictures["sha256"], pictures[LABEL], strict=True)
    return np.asarray([pair in given for pair in pairs], dtype=bool)


def _judged(pictures: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Add what the out-of-fold probabilities say; missing for a picture that is in no fold."""
    found = judge(predictions)
    rows, codes = np.arange(len(predictions)), scores.codes_of(predictions)
    others = found.probabilities.copy()
    others[rows, codes] = -1
    best = others.argmax(axis=1)
    said = pd.DataFrame(found.probabilities, columns=[CHANCE + label for label in found.labels])
    said[PATH] = predictions[PATH].to_numpy()
    said["quality"] = found.quality
    said["doubtful"] = found.doubtful
    said["proposed"] = np.asarray(found.labels, dtype=object)[
        np.where(said["doubtful"], best, codes)
    ]
    table = pictures.merge(said, on=PATH, how="left", validate="one_to_one")
    return table.assign(
        doubtful=table["doubtful"].eq(True), proposed=table["proposed"].fillna(table[LABEL])
    )


def _with_conflicts(table: pd.DataFrame) -> pd.DataFrame:
    """Mark near-duplicates under several labels; the likeliest of a group is proposed for all.

    A label outside of the group that the probabilities propose stays.
    """
    named = table.groupby(COPIES)[LABEL].transform("nunique")
    table = table.assign(conflict=named > 1, twins="")
    for _, members in table[table["conflict"]].groupby(COPIES):
        labels = sorted(members[LABEL].unique())
        chances = [members.get(CHANCE + label, members["quality"] * 0).mean() for label in labels]
        for label in labels:
            rows = members.index[members[LABEL] == label]
            table.loc[rows, "twins"] = ", ".join(other for other in labels if other != label)
        if not np.isnan(chances).any():
            fine = members.index[~members["doubtful"]]
            table.loc[fine, "proposed"] = labels[int(np.argmax(chances))]
    return table.assign(doubtful=table["proposed"] != table[LABEL])


def _ranked(found: pd.DataFrame) -> pd.DataFrame:
    """Order doubtful pictures: wrong labels by quality, then conflicts, then outliers."""
    found = found.assign(
        reason=[_reason(row) for _, row in found.iterrows()],
        probability=[_chance(row, LABEL) for _, row in found.iterrows()],
        probability_proposed=[_chance(row, "proposed") for _, row in found.iterrows()],
    )
    by = ["doubtful", "conflict", "quality", "distance", PATH]
    # a conflict among wrong labels ranks as its quality, not as a conflict
    key = found.assign(conflict=found["conflict"] & ~found["doubtful"])
    order = key.sort_values(by, ascending=[False, False, True, False, True]).index
    return found.loc[order]


def _chance(row: "pd.Series[Any]", column: str) -> float:
    return float(row.get(CHANCE + row[column], np.nan))


def _reason(row: "pd.Series[Any]") -> str:
    reasons = []
    if row["doubtful"] and not np.isnan(row["quality"]):
        likely, given = _chance(row, "proposed"), _chance(row, LABEL)
        reasons.append(f"predicted {row['proposed']} {likely:.0%}, {row[LABEL]} {given:.0%}")
    if row["conflict"]:
        reasons.append(f"a near-duplicate is labelled {row['twins']}")
    if row["outlier"]:
        reasons.append(f"unlike other pictures of {row[LABEL]}")
    return "; ".join(reasons)


def _similar(
    ranked: pd.DataFrame, paths: "pd.Series[str]", placed: Placed, labels: Sequence[str]
) -> pd.DataFrame:
    rows = [
        (row[PATH], label, paths[other])
        for place, (_, row) in zip(ranked.index.tolist(), ranked.iterrows(), strict=True)
        for label in dict.fromkeys((row[LABEL], row["proposed"]))
        for other in neighbours.alike(placed, place, labels.index(label), LIKE)
    ]
    return pd.DataFrame(rows, columns=SIMILAR)


def _metrics(table: pd.DataFrame, confirmed: npt.NDArray[np.bool_]) -> ReviewMetrics:
    count = {name: int(table[name].sum()) for name in HELD_AGAINST}
    return {
        "pictures": len(table),
        "judged": int(table["quality"].notna().sum()),
        "confirmed": int(confirmed.sum()),
        "doubtful": count["doubtful"],
        "doubtful_share": round(count["doubtful"] / len(table), DIGITS),
        "conflicts": count["conflict"],
        "outliers": count["outlier"],
    }
