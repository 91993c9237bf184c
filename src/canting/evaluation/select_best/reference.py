"""The reference section of the card, with which later pictures are compared."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.bundle.logits import softmax
from canting.bundle.reference import Reference
from canting.config.columns import LABEL, PATH, PREDICTED
from canting.models.scores import logits_of

STEPS = 100
"""Equal steps between the quantiles; a share of pictures is known to half a step."""

DIGITS = 6


def answers(predictions: pd.DataFrame, temperature: float) -> pd.DataFrame:
    """Return one scenario's out-of-fold predictions as a service would say them.

    The columns are `path`, `label`, `predicted` and `confidence`.
    """
    sure = softmax(logits_of(predictions) / temperature).max(axis=1)
    return predictions[[PATH, LABEL, PREDICTED]].assign(confidence=sure)


def reference(answered: pd.DataFrame, scored: pd.DataFrame, table: pd.DataFrame) -> Reference:
    """Return the reference from `answers`, from what abstention said, and the table of folds.

    `scored` has the columns `path`, `distance` in units of the threshold, missing where nothing is
    refused, and `refused`. One picture stands for each group of near-duplicates: only then are
    they independent.
    """
    joined = table[[PATH, "group"]].merge(answered, on=PATH).merge(scored, on=PATH)
    alone = joined.sort_values(PATH, kind="stable").drop_duplicates("group")
    kept = alone[~alone["refused"]]
    counts = kept[PREDICTED].value_counts().sort_index()
    distances = alone["distance"].to_numpy(np.float64)
    return Reference(
        pictures=len(alone),
        abstained=len(alone) - len(kept),
        right=int((kept[LABEL] == kept[PREDICTED]).sum()),
        classes={str(label): int(count) for label, count in counts.items()},
        confidence=round(float(kept["confidence"].mean()), DIGITS),
        confidences=_quantiles(kept["confidence"].to_numpy(np.float64)),
        distances=() if np.isnan(distances).any() else _quantiles(distances),
    )


def _quantiles(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    found = np.quantile(values, np.linspace(0, 1, STEPS + 1))
    return tuple(found.round(DIGITS).tolist())
