"""Whether a share of pictures has risen above that of a reference."""

import math


def p_value(hits: int, count: int, hits_before: int, count_before: int) -> float:
    """Return how likely at least so many hits are if both shares are equal: Fisher's exact test.

    Fisher, "The Logic of Inductive Inference", Journal of the Royal Statistical Society 98 (1935);
    one-sided. The doubt of the reference is part of it.
    """
    whole, every = count + count_before, hits + hits_before
    most = min(count, every)
    logs = [
        _log_ways(every, x) + _log_ways(whole - every, count - x) for x in range(hits, most + 1)
    ]
    base = _log_ways(whole, count)
    return min(1.0, math.fsum(math.exp(value - base) for value in logs))


def _log_ways(whole: int, part: int) -> float:
    """Return the logarithm of the number of ways to take a part of a whole."""
    if not 0 <= part <= whole:
        return -math.inf
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)
