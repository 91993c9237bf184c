"""How the pictures of a manifest are divided: all into folds, or without the source's test part."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.config.columns import LABEL
from canting.config.params import Params
from canting.core.errors import CantingError
from canting.data.preprocess.folds import Folds, draw


def divided(pictures: pd.DataFrame, params: Params) -> Folds:
    """Return the fold of each picture of a manifest, as the parameters want it."""
    groups, labels = pictures["group"].to_numpy(np.int64), pictures[LABEL].tolist()
    source = params.preprocess.split == "source"
    apart = held_out(pictures["split"].tolist()) if source else None
    if apart is not None:
        only = sorted(set(pictures[LABEL][apart]) - set(pictures[LABEL][~apart]))
        if only:
            raise CantingError(
                "`preprocess.split` is `source`: expected every class in train or val too. "
                f"Received only in test: {', '.join(map(repr, only))}. Add pictures, or leave "
                "the class out with `fetch.classes`."
            )
    return draw(labels, groups, params.folds, params.preprocess.hold_out, params.seed, apart)


def held_out(splits: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which pictures are the test part of the source; the others go to the folds.

    Raises `CantingError` for pictures without a part, and where there is no test part.
    """
    counts = Counter(splits)
    if not counts["test"] or counts["test"] == len(splits) or counts[""]:
        found = ", ".join(f"{number} in {name or 'no part'}" for name, number in counts.items())
        raise CantingError(
            "`preprocess.split` is `source`: expected every picture in train, val or test of the "
            f"source, and some in test. Received: {found}. Bring such a source, or set "
            "`preprocess.split: folds`."
        )
    return np.asarray([split == "test" for split in splits])
