"""Out-of-fold predictions of an ensemble."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from canting.bundle.ensemble import averaged
from canting.bundle.logits import LOGIT
from canting.config.columns import FOLD, LABEL, PATH, SCENARIO
from canting.config.scenario import AND, members_of
from canting.config.tables import REPEAT
from canting.evaluation.evaluate import tables
from canting.models import scores


def of_winner(predictions: pd.DataFrame, winner: str) -> pd.DataFrame:
    """Return the out-of-fold predictions of a scenario, or of an ensemble of scenarios.

    Where they are of several draws of the folds, those of each draw.
    """
    if REPEAT in predictions:
        draws = predictions.groupby(REPEAT)
        each = [of_winner(one.drop(columns=REPEAT), winner).assign(repeat=n) for n, one in draws]
        return pd.concat(each, ignore_index=True)
    parts = [predictions[predictions[SCENARIO] == name] for name in members_of(winner)]
    return parts[0].reset_index(drop=True) if len(parts) == 1 else together(parts)


def together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the predictions of an ensemble from those of each member, on the same pictures."""
    first = parts[0].reset_index(drop=True)
    logits = averaged(
        np.stack([scores.logits_of(part.set_index(PATH).loc[first[PATH]]) for part in parts])
    )
    columns = {LOGIT + name: logits[:, place] for place, name in enumerate(scores.labels_of(first))}
    name = AND.join(str(part[SCENARIO].iloc[0]) for part in parts)
    named = first[[PATH, LABEL, FOLD]].assign(**{SCENARIO: name})
    return tables.predicted(named.assign(**columns))
