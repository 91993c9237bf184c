"""How much has to change before it matters."""

from typing import NamedTuple


class Limits(NamedTuple):
    """What is told from chance, and what is large enough to matter.

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


USUAL = Limits()
"""The limits where none are given."""
