"""Labels that out-of-fold probabilities contradict, by confident learning.

C. Northcutt, L. Jiang, I. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
Journal of Artificial Intelligence Research 70 (2021), as `cleanlab` computes it. It estimates how
many labels are wrong; those with the lowest probability of their label are taken for them.
`benchmarks/label_errors.py` compares this with the other ways of cleanlab.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from cleanlab.count import num_label_issues
from cleanlab.rank import get_label_quality_scores

from canting.bundle.logits import softmax
from canting.config.columns import FOLD, PATH
from canting.core.digits import DIGITS
from canting.evaluation.evaluate.calibration import cross_fitted
from canting.models import scores


class Judged(NamedTuple):
    """Out-of-fold probabilities `(n, classes)`, and for each picture whether its label is doubtful.

    `quality` `(n,)` is the probability of the given label, cleanlab's self-confidence.
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
    quality = get_label_quality_scores(codes, probabilities, method="self_confidence")
    wrong = num_label_issues(codes, probabilities)
    order = pd.DataFrame({"quality": quality, PATH: predictions[PATH]}).sort_values(
        ["quality", PATH]
    )
    doubtful = np.zeros(len(codes), dtype=bool)
    doubtful[order.index[:wrong]] = True
    doubtful &= probabilities.argmax(axis=1) != codes
    return Judged(scores.labels_of(predictions), probabilities, doubtful, quality)
