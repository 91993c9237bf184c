"""Calibration: temperature scaling, reliability bins, expected calibration error.

Temperature scaling and the expected calibration error: Guo et al., "On Calibration of Modern Neural
Networks", ICML (2017).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize

from canting.bundle.logits import cross_entropy, softmax
from canting.config.columns import FOLD, SCENARIO
from canting.models import scores

Logits = npt.NDArray[np.float64]
"""`(n, classes)`."""

Codes = npt.NDArray[np.int64]
"""`(n,)`: places of the true classes."""

COLDEST, HOTTEST = 0.05, 20.0
"""Ends of the temperatures; where every prediction is right the likeliest one would be zero."""


def temperature(logits: Logits, codes: Codes) -> float:
    """Return what to divide logits by, so that the true classes are as likely as they can be.

    The negative log-likelihood is convex in the inverse temperature: the zero of its slope is
    sought.
    """
    true = logits[np.arange(len(logits)), codes].mean()

    def slope(inverse: float) -> float:
        expected = (softmax(inverse * logits) * logits).sum(axis=1)
        return float(expected.mean() - true)

    if slope(1 / HOTTEST) >= 0:
        return HOTTEST
    if slope(1 / COLDEST) <= 0:
        return COLDEST
    return float(1 / optimize.brentq(slope, 1 / HOTTEST, 1 / COLDEST))


def cross_fitted(logits: Logits, codes: Codes, folds: npt.NDArray[Any]) -> Logits:
    """Return logits, each fold's divided by the temperature that fits the other folds."""
    scaled = np.empty_like(logits)
    for fold in np.unique(folds):
        ours = folds == fold
        scaled[ours] = logits[ours] / temperature(logits[~ours], codes[~ours])
    return scaled


def reliability(logits: Logits, codes: Codes, bins: int) -> pd.DataFrame:
    """Return a row a bin of the largest probability, `low` < p <= `high`, all equally wide.

    `confidence` is the mean of that probability, `accuracy` the share of right predictions; both
    are missing in a bin without pictures.
    """
    probabilities = softmax(logits)
    return binned(probabilities.max(axis=1), probabilities.argmax(axis=1) == codes, bins)


def binned(sure: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], bins: int) -> pd.DataFrame:
    """Do what `reliability` does with the largest probabilities, and whether each was right."""
    places = np.clip(np.ceil(sure * bins).astype(np.int64) - 1, 0, bins - 1)
    pictures = np.bincount(places, minlength=bins)
    full = np.where(pictures > 0, pictures, np.nan)
    return pd.DataFrame(
        {
            "bin": range(1, bins + 1),
            "low": np.arange(bins) / bins,
            "high": np.arange(1, bins + 1) / bins,
            "pictures": pictures,
            "confidence": np.bincount(places, sure, bins) / full,
            "accuracy": np.bincount(places, right, bins) / full,
        }
    )


def expected_error(table: pd.DataFrame) -> float:
    """Return the expected calibration error: the mean over the pictures of their bin's gap."""
    gaps = (table["accuracy"] - table["confidence"]).abs().fillna(0)
    return float((gaps * table["pictures"]).sum() / table["pictures"].sum())


def calibrations(predictions: pd.DataFrame, bins: int) -> pd.DataFrame:
    """Return a row for each scenario: expected calibration error and loss, before and after.

    `temperature` is fitted on all folds, and is the one to ship; the scaled columns are honest:
    each fold is scaled by the temperature that fits the others.
    """
    parts = predictions.groupby(SCENARIO, sort=False)
    return pd.DataFrame([{SCENARIO: name, **_row(part, bins)} for name, part in parts])


def reliability_table(predictions: pd.DataFrame, bins: int) -> pd.DataFrame:
    """Return the bins of a scenario, before and, in columns `…_scaled`, after."""
    logits, codes = scores.logits_of(predictions), scores.codes_of(predictions)
    scaled = cross_fitted(logits, codes, predictions[FOLD].to_numpy())
    before, after = (reliability(each, codes, bins) for each in (logits, scaled))
    changing = ["pictures", "confidence", "accuracy"]
    return before.join(after[changing].add_suffix("_scaled"))


def _row(predictions: pd.DataFrame, bins: int) -> dict[str, float]:
    logits, codes = scores.logits_of(predictions), scores.codes_of(predictions)
    scaled = cross_fitted(logits, codes, predictions[FOLD].to_numpy())
    return {
        "temperature": temperature(logits, codes),
        "ece": expected_error(reliability(logits, codes, bins)),
        "ece_scaled": expected_error(reliability(scaled, codes, bins)),
        "loss": cross_entropy(logits, codes),
        "loss_scaled": cross_entropy(scaled, codes),
    }
