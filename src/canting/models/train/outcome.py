"""The outcome file of one training."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from canting.core import files


class FoldOutcome(NamedTuple):
    """Out-of-fold logits and how they came about.

    `rows` `(n,)` and `logits` `(n, classes)` of the test part; `curves` has one array an epoch
    long for each name; `seconds` of training, `cpu_seconds` of its process; `failure` says why
    there are no logits; `weights` are those of the trained tail, in the order of Keras, without
    those of the output for pictures of no class.
    """

    rows: npt.NDArray[np.int64]
    logits: npt.NDArray[np.float32]
    curves: dict[str, npt.NDArray[np.float64]]
    seconds: float
    cpu_seconds: float
    failure: str
    weights: list[npt.NDArray[Any]]


def save(path: Path, outcome: FoldOutcome) -> None:
    """Write an outcome, whole or not at all."""
    content: dict[str, Any] = outcome._asdict()
    curves, weights = content.pop("curves"), content.pop("weights")
    content["weights"] = len(weights)
    content |= {f"curve_{name}": values for name, values in curves.items()}
    content |= {f"weight_{place}": values for place, values in enumerate(weights)}
    with files.replacing(path) as aside, aside.open("wb") as file:
        np.savez(file, **content)


def load(path: Path) -> FoldOutcome:
    """Read an outcome; raise `OSError`, `ValueError`, `KeyError`, … where it is damaged."""
    with path.open("rb") as file, np.load(file) as content:
        return FoldOutcome(
            content["rows"],
            content["logits"],
            {name[6:]: content[name] for name in content.files if name.startswith("curve_")},
            float(content["seconds"]),
            float(content["cpu_seconds"]),
            str(content["failure"]),
            [content[f"weight_{place}"] for place in range(int(content["weights"]))],
        )
