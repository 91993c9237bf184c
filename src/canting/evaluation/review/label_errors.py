"""Labels that out-of-fold probabilities speak against, by confident learning.

C. Northcutt, L. Jiang, I. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
Journal of Artificial Intelligence Research 70 (2021), as `cleanlab` computes it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from canting.bundle.logits import softmax
from canting.config.columns import FOLD
from canting.core.digits import DIGITS
from canting.evaluation.evaluate.calibration import cross_fitted
from canting.models import scores


class Judged(NamedTuple):
    """Out-of-fold probabilities `(n, classes)`, and for each picture: doubtful, and quality.

    `quality` is the normalised margin: 0 where another class is certain, 1 where the given one is.
    """

    labels: list[str]
    probabilities: npt.NDArray[np.float64]
    doubtful: npt.NDArray[np.bool_]
    quality: npt.NDArray[np.float64]


def judge(predictions: pd.DataFrame) -> Judged:
    """Judge the labels of one scenario's out-of-fold predictions.

    Probabilities are calibrated, each fold by the temperature that fits the others, and have the
    digits that are the same on every processor, so that the order is too.
    """
    logits, codes = scores.logits_of(predictions), scores.codes_of(predictions)
    scaled = cross_fitted(logits, codes, predictions[FOLD].to_numpy())
    probabilities = softmax(scaled).round(DIGITS)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    found = find_label_issues(codes, probabilities, filter_by="confident_learning", n_jobs=1)
    margins = get_label_quality_scores(codes, probabilities, method="normalized_margin")
    return Judged(scores.labels_of(predictions), probabilities, found, margins.round(DIGITS))
