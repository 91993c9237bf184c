"""What a split into folds would give away."""

import numpy as np
import numpy.typing as npt


def leaked(groups: npt.ArrayLike, folds: npt.ArrayLike) -> int:
    """Return the number of pictures whose group also has a member in another fold.

    `groups` and `folds` are `(n,)` integers; row i is picture i.
    """
    members = np.asarray(groups)
    pairs = np.unique(np.stack([members, np.asarray(folds)], axis=1), axis=0)
    owners, folds_of = np.unique(pairs[:, 0], return_counts=True)
    return int(np.isin(members, owners[folds_of > 1]).sum())
