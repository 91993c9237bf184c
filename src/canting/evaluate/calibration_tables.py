"""The tables of calibration: a row a scenario, and the bins of one of them."""

import pandas as pd

from canting.bundle.logits import cross_entropy
from canting.evaluate import calibration, scores


def calibrations(predictions: pd.DataFrame, bins: int) -> pd.DataFrame:
    """Return a row for each scenario: expected calibration error and loss, before and after.

    `temperature` is fitted on all folds, and is the one to ship; the scaled columns are honest:
    each fold is scaled by the temperature that fits the others.
    """
    parts = predictions.groupby("scenario", sort=False)
    return pd.DataFrame([{"scenario": name, **_row(part, bins)} for name, part in parts])


def reliability(predictions: pd.DataFrame, bins: int) -> pd.DataFrame:
    """Return the bins of a scenario, before and, in columns `…_scaled`, after."""
    logits, codes = scores.logits_of(predictions), scores.codes_of(predictions)
    scaled = calibration.cross_fitted(logits, codes, predictions["fold"].to_numpy())
    before, after = (calibration.reliability(each, codes, bins) for each in (logits, scaled))
    changing = ["pictures", "confidence", "accuracy"]
    return before.join(after[changing].add_suffix("_scaled"))


def _row(predictions: pd.DataFrame, bins: int) -> dict[str, float]:
    logits, codes = scores.logits_of(predictions), scores.codes_of(predictions)
    scaled = calibration.cross_fitted(logits, codes, predictions["fold"].to_numpy())
    return {
        "temperature": calibration.temperature(logits, codes),
        "ece": calibration.expected_error(calibration.reliability(logits, codes, bins)),
        "ece_scaled": calibration.expected_error(calibration.reliability(scaled, codes, bins)),
        "loss": cross_entropy(logits, codes),
        "loss_scaled": cross_entropy(scaled, codes),
    }
