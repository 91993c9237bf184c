"""Which misclassified pictures are shown."""

from typing import Any, NamedTuple

import pandas as pd


class Pair(NamedTuple):
    """Pictures of one class that were taken for another, the surest mistakes first.

    `shown` of the `mistakes` among the `support` pictures of the class `label`.
    """

    label: str
    predicted: str
    mistakes: int
    support: int
    shown: list[dict[str, Any]]


def share_out(predictions: pd.DataFrame, most: int) -> list[Pair]:
    """Return every pair of classes, the most frequent first, with `most` pictures among them.

    Places go to pairs by their counts, as seats by the method of Sainte-Laguë.
    """
    support = predictions["label"].value_counts()
    wrong = predictions[predictions["predicted"] != predictions["label"]]
    wrong = wrong.sort_values(["probability", "path"], ascending=[False, True])
    by_pair = wrong.groupby(["label", "predicted"])["path"]
    count, rank = by_pair.transform("size"), by_pair.cumcount()
    claims = wrong.assign(claim=count / (2 * rank + 1)).sort_values(
        ["claim", "label", "predicted"], ascending=[False, True, True], kind="stable"
    )
    chosen = set(claims.index[:most])
    pairs = [
        Pair(label, predicted, len(part), int(support[label]), _rows(part, chosen))
        for (label, predicted), part in wrong.groupby(["label", "predicted"])
    ]
    return sorted(pairs, key=lambda pair: -pair.mistakes)


def _rows(part: pd.DataFrame, chosen: set[Any]) -> list[dict[str, Any]]:
    shown = part[part.index.isin(chosen)]
    return [{str(key): value for key, value in row.items()} for row in shown.to_dict("records")]
