"""How many pictures it takes."""

from collections.abc import Callable

Test = Callable[[int], float]
"""Takes a number of pictures; returns the p-value of what is to be told from chance."""

MOST = 100_000


def smallest(test: Test, alpha: float) -> int | None:
    """Return about the smallest number of pictures with a p-value of at most `alpha`, if any."""
    high = 1
    while test(high) > alpha:
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if test(middle) <= alpha else (middle, high)
    return high
