"""Scores on collections that nothing is trained on, with intervals over groups of pictures."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.config.columns import FOLD, LABEL, SCENARIO
from canting.config.metrics import USUAL
from canting.config.tables import COLLECTION, ELSEWHERE, OTHER
from canting.evaluation.evaluate.calibration import expected_error, reliability
from canting.models import scores

DRAWS, CHUNK, SEED = 2000, 100, 17
"""Resamples of the groups, those made at once, and what they are drawn from."""

EVERY = ""
"""In the columns `collection` and `label`: all of them together."""

Counts = npt.NDArray[np.float64]
"""`(…, classes, classes)`: row the true class, column the predicted one."""


class Bounded(NamedTuple):
    """A score and the ends of its interval."""

    value: float
    low: float
    high: float


def bounded(counts: Counts, confidence: float) -> tuple[Bounded, Bounded]:
    """Return accuracy and macro F1 of counts `(groups, models, classes, classes)`.

    Each is the mean over the models, macro F1 over the classes that have pictures. The intervals
    are quantiles over resamples of the groups, as pictures of one group are not independent: the
    cluster bootstrap, Davison and Hinkley, "Bootstrap Methods and Their Application" (1997), 3.8.
    """
    groups = len(counts)
    generator, flat = np.random.default_rng(SEED), counts.reshape(groups, -1)
    drawn = [
        generator.multinomial(groups, np.full(groups, 1 / groups), CHUNK) @ flat
        for _ in range(DRAWS // CHUNK)
    ]
    resampled = np.concatenate(drawn).reshape(DRAWS, *counts.shape[1:])
    ends = (1 - confidence) / 2, (1 + confidence) / 2
    found = []
    for score in (_accuracy, _macro_f1):
        low, high = np.quantile(score(resampled).mean(axis=1), ends)
        value = float(score(counts.sum(axis=0)).mean())
        found.append(Bounded(value, min(float(low), value), max(float(high), value)))
    return found[0], found[1]


def _accuracy(counts: Counts) -> npt.NDArray[np.float64]:
    hits = np.diagonal(counts, axis1=-2, axis2=-1).sum(axis=-1)
    return np.asarray(hits / counts.sum(axis=(-2, -1)))


def _macro_f1(counts: Counts) -> npt.NDArray[np.float64]:
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    support = counts.sum(axis=-1)
    both = support + counts.sum(axis=-2)
    f1 = np.divide(2 * hits, both, out=np.zeros_like(hits), where=both > 0)
    there = support > 0
    return np.asarray((f1 * there).sum(axis=-1) / there.sum(axis=-1))


def scored(
    answers: pd.DataFrame, temperatures: "pd.Series[float]", confidence: float, bins: int
) -> pd.DataFrame:
    """Return a row for each scenario, collection and class, and for all together: columns `OTHER`.

    `answers` have logits by scenario, fold and picture; pictures of labels that are no classes do
    not count. `temperatures` are by scenario. Without answers there is no row.
    """
    labels, rows = scores.labels_of(answers), []
    if not labels:
        return pd.DataFrame(columns=OTHER)
    known, ends = answers[answers[LABEL].isin(labels)], (f"{USUAL}_low", f"{USUAL}_high")
    for scenario, ours in known.groupby(SCENARIO, sort=False):
        for collection in (EVERY, *sorted(ours[COLLECTION].unique())):
            part = ours[ours[COLLECTION] == collection] if collection else ours
            for label in (EVERY, *(one for one in labels if one in set(part[LABEL]))):
                those = part[part[LABEL] == label] if label else part
                of = _row(those, temperatures[str(scenario)], confidence, bins)
                rows.append((scenario, collection, label, *of))
    table = pd.DataFrame(rows, columns=OTHER)
    table.loc[table[LABEL] != EVERY, [USUAL, *ends]] = np.nan
    return table


def _row(part: pd.DataFrame, temperature: float, confidence: float, bins: int) -> tuple[float, ...]:
    logits, codes = scores.logits_of(part), scores.codes_of(part)
    asked = part["group"], part[FOLD]
    counts = counts_by(*asked, codes, logits.argmax(axis=1), logits.shape[1])
    accuracy, macro_f1 = bounded(counts, confidence)
    error = expected_error(reliability(logits / temperature, codes, bins))
    groups, models = counts.shape[:2]
    return len(part) // models, groups, *accuracy, *macro_f1, error


def counts_by(
    groups: "pd.Series[Any]",
    models: "pd.Series[Any]",
    true: npt.NDArray[np.int64],
    guessed: npt.NDArray[np.int64],
    classes: int,
) -> Counts:
    """Return counts `(groups, models, classes, classes)` of answers, `(n,)` each."""
    rows, columns = (pd.factorize(one, sort=True)[0] for one in (groups, models))
    counts = np.zeros((rows.max() + 1, columns.max() + 1, classes, classes))
    np.add.at(counts, (rows, columns, true, guessed), 1)
    return counts


def joined(ranking: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return a ranking of scenarios with the columns `ELSEWHERE`, where the table has rows.

    The gap is the pooled macro F1 inside less that elsewhere.
    """
    if table.empty:
        return ranking
    whole = table[(table[COLLECTION] == EVERY) & (table[LABEL] == EVERY)]
    columns = whole.set_index(SCENARIO).add_prefix("other_")
    found = ranking.join(columns, on=SCENARIO)
    found["other_gap"] = found[USUAL] - found[f"other_{USUAL}"]
    return found[[*ranking, *ELSEWHERE]]
