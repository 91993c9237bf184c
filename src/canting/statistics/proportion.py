"""A share of pictures, and its interval."""

import math
from statistics import NormalDist


def wilson(hits: int, count: int, confidence: float) -> tuple[float, float]:
    """Return the score interval of a share of independent trials.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the
    American Statistical Association 22 (1927); it holds for few trials and for shares near 0 and 1.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = hits + z * z / 2
    half = z * math.sqrt(hits * (count - hits) / count + z * z / 4)
    whole = count + z * z
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)
