"""A grid of scenarios, coded so that the effects of each factor sum to zero."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.statistics import factors

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]


class Design(NamedTuple):
    """The coded grid.

    `matrix` is `(scenarios, coefficients)`; `rows` has for each factor and level the coefficients
    `(coefficients,)` that its effect is made of.
    """

    matrix: Matrix
    rows: dict[str, dict[str, Vector]]

    def estimate(self, row: Vector, scores: Matrix) -> Vector | None:
        """Return an effect in each fold by least squares; None where the grid does not hold it.

        `scores` is `(scenarios, folds)`.
        """
        weights = row @ np.linalg.pinv(self.matrix)
        estimable = np.allclose(weights @ self.matrix, row)
        return np.asarray(weights @ scores, np.float64) if estimable else None


def design(scenarios: pd.DataFrame) -> Design:
    """Code the factors that vary."""
    parts, rows, start = [np.ones((len(scenarios), 1))], {}, 1
    varying = factors.levels(scenarios)
    width = 1 + sum(len(names) - 1 for names in varying.values())
    for factor, names in varying.items():
        codes = np.vstack([np.eye(len(names) - 1), -np.ones(len(names) - 1)])
        parts.append(codes[[names.index(factors.level(value)) for value in scenarios[factor]]])
        end = start + len(names) - 1
        padded = np.pad(codes, ((0, 0), (start, width - end)))
        rows[factor] = dict(zip(names, padded, strict=True))
        start = end
    return Design(np.hstack(parts), rows)
