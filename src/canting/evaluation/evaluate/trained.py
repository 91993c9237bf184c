"""Tables of the train stage: scenarios that finished, and those that failed."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from canting.config.columns import SCENARIO
from canting.config.tables import REPEAT
from canting.core.errors import CantingError
from canting.evaluation.evaluate import tables


class AllFailedError(CantingError):
    """No scenario finished."""

    def __init__(self, failed: pd.DataFrame) -> None:
        """Name the first failure."""
        first = failed.iloc[0]
        super().__init__(
            f"Expected predictions of at least one scenario. Received: none; in "
            f"{first['scenario']!r} {first['failure']}. Try a smaller `learning_rate`."
        )


class Trained(NamedTuple):
    """Tables of the train stage.

    `scenarios`, `predictions` and `curves` hold what came to an end in every fold, `failed` the
    other scenarios with their cause in `failure`. Predictions and curves are of the first draw of
    the folds; `draws` has the predictions of all, with a column `repeat` where there are several.
    """

    scenarios: pd.DataFrame
    failed: pd.DataFrame
    predictions: pd.DataFrame
    curves: pd.DataFrame
    draws: pd.DataFrame


def read(folder: Path) -> Trained:
    """Read the tables of `build/train`; raise `AllFailedError` where no scenario finished."""
    names = pd.read_csv(folder / "scenarios.csv", keep_default_na=False)
    predictions = pd.read_parquet(folder / "predictions.parquet")
    again = folder / "repeats.parquet"
    repeats = pd.read_parquet(again) if again.is_file() else None
    return split(names, predictions, pd.read_csv(folder / "curves.csv"), repeats)


def split(
    names: pd.DataFrame,
    predictions: pd.DataFrame,
    curves: pd.DataFrame,
    repeats: pd.DataFrame | None = None,
) -> Trained:
    """Put what failed aside, and name the predicted label of every other prediction.

    `repeats` are the predictions of further draws of the folds, if there are any.
    """
    fine = names["failure"] == ""
    if not fine.any():
        raise AllFailedError(names)
    kept = names.loc[fine, SCENARIO]
    first = _predicted(predictions, kept)
    draws = first
    if repeats is not None:
        parts = [first.assign(**{REPEAT: 1}), _predicted(repeats, kept)]
        draws = pd.concat(parts, ignore_index=True)
    return Trained(
        names[fine].drop(columns="failure").reset_index(drop=True),
        names[~fine].reset_index(drop=True),
        first,
        curves[curves[SCENARIO].isin(kept)].reset_index(drop=True),
        draws,
    )


def _predicted(predictions: pd.DataFrame, kept: "pd.Series[str]") -> pd.DataFrame:
    return tables.predicted(predictions[predictions[SCENARIO].isin(kept)].reset_index(drop=True))
