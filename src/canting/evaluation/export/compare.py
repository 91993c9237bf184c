"""The table of exports: how far each format's out-of-fold answers are from those of float32."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.bundle.logits import LOGIT, softmax
from canting.bundle.unlikeness import distance, energy, unlikeness
from canting.config.columns import FOLD, LABEL, PATH, SCENARIO
from canting.config.exports import EXPORT_FORMATS, FLOAT32
from canting.config.metrics import USUAL, label, sign
from canting.config.refusals import AbstentionRecord
from canting.config.sections import SelectBest
from canting.core.frames import row_of
from canting.evaluation.evaluate import tables
from canting.evaluation.evaluate.calibration import expected_error, reliability
from canting.evaluation.export.answers import ExportedAnswers
from canting.evaluation.statistics.comparison import as_good, compare
from canting.models import scores

TOLERANCE = 1e-4
"""Largest difference of a probability between float32 and another format of the same numbers."""


class Served(NamedTuple):
    """What turns logits and features into an answer: the bundle's, and the prototypes of the folds.

    `prototypes` are those of the pictures that a fold was trained on, none: nothing is refused.
    """

    temperature: float
    abstention: AbstentionRecord | None
    prototypes: Sequence[npt.NDArray[np.float32]]

    def refused(self, answers: Sequence[ExportedAnswers]) -> float:
        """Return the share of pictures out of fold that are refused."""
        if self.abstention is None:
            return 0.0
        each = zip(answers, self.prototypes, strict=True)
        return float(np.concatenate([self._refuses(*one) for one in each]).mean())

    def _refuses(
        self, said: ExportedAnswers, prototypes: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.bool_]:
        assert self.abstention is not None
        unlike, told = unlikeness(said.pooled, prototypes), self.abstention.get("energy")
        scale = told and (told["middle"], told["threshold"])
        found = distance(unlike, self.abstention["threshold"], energy(said.logits), scale)
        return np.asarray(found > 1)


def predictions(
    name: str, answers: Sequence[ExportedAnswers], folds: pd.DataFrame, labels: Sequence[str]
) -> pd.DataFrame:
    """Return the out-of-fold predictions of a format, as those of a scenario of its name."""
    rows, logits = (
        np.concatenate([getattr(one, field) for one in answers]) for field in ("rows", "logits")
    )
    named = folds.iloc[rows][[PATH, LABEL, FOLD]].reset_index(drop=True)
    columns = pd.DataFrame(logits, columns=[LOGIT + one for one in labels])
    return tables.predicted(pd.concat([named.assign(**{SCENARIO: name}), columns], axis=1))


def table(
    answers: Mapping[str, Sequence[ExportedAnswers]],
    each: Mapping[str, pd.DataFrame],
    served: Served,
    settings: SelectBest,
    bins: int,
) -> pd.DataFrame:
    """Return a row a format, float32 first, from its answers, and `each` one's predictions.

    The metric of `select_best` and its `alpha` decide here too. `fault` says in words why a format
    must not take the place of float32, and is empty where it may.
    """
    every = tables.fold_scores(pd.concat(each.values(), ignore_index=True))
    column, alpha = settings.column, settings.alpha
    compared = compare(every, column, confidence=1 - alpha, alpha=alpha, reference=FLOAT32)
    equal = dict(zip(compared[SCENARIO], as_good(compared), strict=True))
    start = softmax(scores.logits_of(each[FLOAT32]) / served.temperature)
    rows = []
    for name, said in each.items():
        logits = scores.logits_of(said) / served.temperature
        likely, row = softmax(logits), row_of(compared, name)
        change = np.abs(likely - start)
        found = {
            "format": name,
            "agreement": float((likely.argmax(axis=1) == start.argmax(axis=1)).mean()),
            "largest_change": float(change.max()),
            "mean_change": float(change.mean()),
            USUAL: scores.values(scores.answers_of(said), [USUAL])[USUAL],
            "ece": expected_error(reliability(logits, scores.codes_of(said), bins)),
            "refused": served.refused(answers[name]),
            **{key: row[key] for key in ("mean", "difference", "low", "high", "p_holm")},
        }
        rows.append({**found, "fault": _fault(found, equal[name], column)})
    return pd.DataFrame(rows)


def _fault(row: Mapping[str, Any], equal: bool, metric: str) -> str:
    if EXPORT_FORMATS[str(row["format"])].exact:
        if row["agreement"] == 1 and row["largest_change"] <= TOLERANCE:
            return ""
        return (
            f"it holds the same numbers, but its probabilities differ by up to "
            f"{row['largest_change']:.2g}, and {1 - row['agreement']:.2%} of the labels"
        )
    if equal or sign(metric) * row["difference"] >= 0:
        return ""
    return (
        f"its {label(metric)} is {row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}] "
        "from that of float32, which is more than the folds leave open"
    )
