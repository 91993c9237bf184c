"""How large a change has to be to matter; free of NumPy, for the command line."""

from typing import NamedTuple


class DriftLimits(NamedTuple):
    """Limits of significance, and of changes large enough to matter.

    `alpha` is the chance of a false alarm of all signals together, `least` the fewest pictures
    that are judged. The others are shares of pictures, one for each signal.
    """

    alpha: float = 0.05
    least: int = 30
    unlikeness: float = 0.2
    abstentions: float = 0.1
    confidence: float = 0.2
    mix: float = 0.2
    accuracy: float = 0.1


USUAL = DriftLimits()
"""The limits where none are given."""
