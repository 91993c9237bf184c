"""Rare classes that count as much as frequent ones: by weights, or by repeated rows."""

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


def balanced(targets: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.float32]:
    """Return a weight a class, `(classes,)`: pictures / (classes × pictures of the class)."""
    counts = np.bincount(targets, minlength=classes)
    return np.asarray(len(targets) / (classes * np.maximum(counts, 1)), dtype=np.float32)


def oversampled(rows: Rows, targets: npt.NDArray[np.int64], generator: np.random.Generator) -> Rows:
    """Repeat rows until every class has as many as the largest; what is left over is drawn."""
    classes = [rows[targets[rows] == number] for number in np.unique(targets[rows])]
    most = max(map(len, classes))
    whole = [np.repeat(ours, most // len(ours)) for ours in classes]
    rest = [generator.choice(ours, most % len(ours), replace=False) for ours in classes]
    return np.concatenate([*whole, *rest])
