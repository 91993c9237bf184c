"""What makes some pictures hard to name: how the cloth lies, and what goes wrong in taking them."""

import numpy as np

SHARE = 0.3
"""Share of the pictures that are hard."""

LYING = {"border": 5, "draped": 4, "part": 4, "close": 2, "far": 4, "steep": 2, "turned": 3}
"""How the cloth lies, by how often: two motifs on it, pleated, reaching over a part of the picture
only, from very near, from afar, from a low angle, turned and stretched."""

TAKING = {"moved": 3, "coarse": 3, "glare": 2, "shade": 2}
"""What happens as the picture is taken, by how often: a shaken camera, few pixels, a lamp that
shines back, a deep shadow."""


def drawn(rng: np.random.Generator) -> frozenset[str]:
    """Return the hardships of one picture: none, or one of how the cloth lies and 0 to 2 others."""
    if rng.random() >= SHARE:
        return frozenset()
    count = int(rng.choice(3, p=[0.35, 0.5, 0.15]))
    drawn = frozenset([*_some(rng, LYING, 1), *_some(rng, TAKING, count)])
    return drawn - {"glare", "moved"} if "far" in drawn else drawn


def _some(rng: np.random.Generator, table: dict[str, int], count: int) -> list[str]:
    shares = np.array(list(table.values())) / sum(table.values())
    return [str(name) for name in rng.choice(list(table), count, replace=False, p=shares)]
