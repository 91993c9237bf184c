"""What abstention does to good pictures and to pictures of nothing."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from canting.abstention import strangers
from canting.abstention.fit import Abstention
from canting.bundle.unlikeness import unlikeness

EACH = 20
"""Pictures of nothing of each kind: a share of them is known to a twentieth."""


def refused(model: keras.Model, fixed: Abstention, size: tuple[int, int]) -> dict[str, float]:
    """Return the share of pictures of nothing that the whole model refuses, kind by kind."""
    return {kind: _share(model, fixed, kind, size) for kind in strangers.KINDS}


def outcome(
    fixed: Abstention, labels: npt.NDArray[np.object_], right: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    """Return how the pictures in folds fare: refused class by class, and how right the others are.

    `labels` and `right`, whether the out-of-fold answer was, are of the pictures in folds.
    """
    answered = right[~fixed.refused]
    return {
        "false_refusal_by_class": {
            str(label): float(fixed.refused[labels == label].mean()) for label in np.unique(labels)
        },
        "accuracy": float(right.mean()),
        "accuracy_of_answered": float(answered.mean()) if len(answered) else None,
    }


def _share(model: keras.Model, fixed: Abstention, kind: str, size: tuple[int, int]) -> float:
    drawn = np.stack([strangers.draw(kind, number, size) for number in range(EACH)])
    pooled = np.asarray(model.predict_on_batch(drawn.astype(np.float32))["pooled"])
    return float((unlikeness(pooled, fixed.prototypes) > fixed.threshold).mean())
