"""Tables of the searches: trials, outer folds, epochs."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from canting.config.columns import CURVES
from canting.config.metrics import averaged, sign
from canting.config.tables import SEARCH
from canting.models.tune.records import Curves
from canting.models.tune.task import SearchOutcome

CONVERGED = 1.01
"""An epoch whose loss is at most this share of the lowest counts as converged."""


def trials(outcomes: Sequence[SearchOutcome], keys: Sequence[str]) -> pd.DataFrame:
    """Return the trials with their settings, epochs, inner score, and how they ended."""
    rows = [
        {**_of(found), "trial": number, **trial.setting, "epochs": trial.epochs,
         "score": trial.score, "state": trial.state}
        for found in outcomes
        for number, trial in enumerate(found.trials)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=[*SEARCH, "trial", *keys, "epochs", "score", "state"])


def folds(outcomes: Sequence[SearchOutcome], keys: Sequence[str]) -> pd.DataFrame:
    """Return for each search the best setting, its inner score, and its scores on the outer fold.

    Empty where every trial failed. `epochs_to_convergence` is the first epoch whose loss on the
    outer fold is within 1 % of the lowest: it is looked at, and decides on nothing.
    """
    ours = ["trial", *keys, "inner", *averaged(), "epochs_to_convergence"]
    return pd.DataFrame([_fold(found) for found in outcomes], columns=[*SEARCH, *ours])


def curves(outcomes: Sequence[SearchOutcome]) -> pd.DataFrame:
    """Return loss and accuracy of each tuned model after each epoch."""
    parts = [
        pd.DataFrame(found.tuned.curves)[CURVES].assign(**_of(found)).reset_index(names="epoch")
        for found in outcomes
        if found.tuned
    ]
    empty = pd.DataFrame(columns=[*SEARCH, "epoch", *CURVES])
    table = pd.concat(parts, ignore_index=True) if parts else empty
    return table.assign(epoch=table["epoch"] + 1)[[*SEARCH, "epoch", *CURVES]]


def costs(outcomes: Sequence[SearchOutcome], metric: str) -> pd.DataFrame:
    """Return the seconds of each trial, with the best inner score so far.

    `elapsed` is the time since the search began, without what is spent on building models.
    """
    parts = [_cost(found, metric) for found in outcomes]
    columns = [*SEARCH, "trial", "seconds", "cpu_seconds", "elapsed", "best"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def train_costs(outcomes: Sequence[SearchOutcome]) -> pd.DataFrame:
    """Return the seconds that training each tuned model took."""
    rows = [{**_of(one), "seconds": one.tuned.seconds} for one in outcomes if one.tuned]
    return pd.DataFrame(rows, columns=[*SEARCH, "seconds"])


def converged(curves: Curves) -> int:
    """Return the first epoch whose loss on the test part is within 1 % of the lowest."""
    losses = np.asarray(curves["val_loss"])
    return 1 + int(np.flatnonzero(losses <= CONVERGED * np.nanmin(losses))[0])


def _of(found: SearchOutcome) -> dict[str, str | int]:
    return {name: getattr(found, name) for name in SEARCH}


def _fold(found: SearchOutcome) -> Mapping[str, object]:
    tuned = found.tuned
    if tuned is None:
        return _of(found)
    best = found.trials[tuned.trial]
    epochs = math.nan if math.isnan(tuned.scores["loss"]) else converged(tuned.curves)
    measured = {"inner": best.score, **tuned.scores, "epochs_to_convergence": epochs}
    return {**_of(found), "trial": tuned.trial, **best.setting, **measured}


def _cost(found: SearchOutcome, metric: str) -> pd.DataFrame:
    done = [trial.score if trial.state == "complete" else math.nan for trial in found.trials]
    table = pd.DataFrame(
        {
            "trial": range(len(found.trials)),
            "seconds": [trial.seconds for trial in found.trials],
            "cpu_seconds": [trial.cpu_seconds for trial in found.trials],
        }
    )
    better = np.fmin if sign(metric) < 0 else np.fmax
    table = table.assign(elapsed=table["seconds"].cumsum(), best=better.accumulate(done))
    return table.assign(**_of(found))[[*SEARCH, *table.columns]]
