"""One-sided test of a distribution against a reference given by its quantiles."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


class Rise(NamedTuple):
    """Where two distributions are the farthest apart.

    A share `before` of the reference lies at `place` or beyond, and a share `now` of the values.
    """

    place: float
    before: float
    now: float

    @property
    def gap(self) -> float:
        """The one-sided statistic of Kolmogorov and Smirnov: at least 0."""
        return max(0.0, self.now - self.before)


def rise(quantiles: Sequence[float] | Values, values: Values) -> Rise:
    """Find where values, `(n,)`, lie beyond a place more often than the reference does.

    The reference runs straight between its `quantiles`, which are at equal steps from 0 to 1;
    equal ones are a jump.
    """
    known, ours = np.asarray(quantiles, np.float64), np.sort(values)
    places = np.union1d(known, ours)
    # np.interp takes the last of equal quantiles, which is what "at most" asks for.
    beyond = np.stack([1 - _shares(known, places), _shares(-known[::-1], -places)])
    above, least = np.searchsorted(ours, places, "right"), np.searchsorted(ours, places, "left")
    now = 1 - np.stack([above, least]) / len(ours)
    kind, at = np.unravel_index((now - beyond).argmax(), now.shape)
    return Rise(float(places[at]), float(beyond[kind, at]), float(now[kind, at]))


def p_value(gap: float, count: int, reference: int) -> float:
    """Return how likely such a gap is between equals, of `count` and `reference` pictures.

    The asymptotic one-sided formula of Smirnov: Hodges, "The significance probability of the
    Smirnov two-sample test", Arkiv för Matematik 3 (1958).
    """
    return math.exp(-2 * gap * gap * count * reference / (count + reference))


def _shares(quantiles: Values, places: Values) -> Values:
    return np.interp(places, quantiles, np.linspace(0, 1, len(quantiles)), left=0, right=1)
