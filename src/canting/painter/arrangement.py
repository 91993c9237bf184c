"""Where the clouds of Mega Mendung lie: in staggered rows, small ones over and beside large."""

import numpy as np

from canting.painter.clouds import KINDS, Cloud
from canting.painter.fields import Field


def arranged(rng: np.random.Generator, size: float) -> list[tuple[Cloud, Field]]:
    """Return clouds with their `(3, 2)` placement: centre, and the axes as rows."""
    groups = []
    pitch = size * rng.uniform(0.42, 0.56)
    wide = size * rng.uniform(0.95, 1.12)
    rows, columns = (int(np.ceil(0.85 / step)) for step in (pitch, wide))
    crowd = rng.uniform(0.1, 0.6)
    for row in range(-rows, rows + 1):
        for column in range(-columns, columns + 1):
            jitter = rng.uniform(-1, 1, 2) * (0.2 * wide, 0.2 * pitch)
            centre = np.array([(column + 0.5 * (row % 2)) * wide, row * pitch]) + jitter
            if np.hypot(*centre) > 0.78 + size * 0.6:
                continue
            groups.append(_group(rng, centre, size * rng.uniform(0.42, 0.6), crowd))
    return [cloud for at in rng.permutation(len(groups)) for cloud in groups[at]]


def _group(
    rng: np.random.Generator, centre: Field, reach: float, crowd: float
) -> list[tuple[Cloud, Field]]:
    """Return a cloud and the small ones that roll over its edge or float beside it."""
    group = [_one(rng, centre, reach, rng.uniform(-0.22, 0.22), (0.32, 0.2, 0.2, 0.03, 0.25))]
    for side in (-1, 1):
        if rng.random() < crowd * 0.7:
            aside = centre + reach * np.array(
                [rng.uniform(-0.6, 0.6), side * rng.uniform(0.32, 0.5)]
            )
            share = reach * rng.uniform(0.3, 0.5)
            group.append(
                _one(rng, aside, share, rng.uniform(-0.5, 0.5), (0.05, 0.3, 0.45, 0.1, 0.1))
            )
    if rng.random() < crowd:
        aside = centre + reach * np.array([1.05, rng.uniform(-0.1, 0.1)])
        share = reach * rng.uniform(0.25, 0.4)
        group.append(_one(rng, aside, share, rng.uniform(-0.7, 0.7), (0.0, 0.4, 0.4, 0.2, 0.0)))
    return group


def _one(
    rng: np.random.Generator, centre: Field, reach: float, angle: float, chances: tuple[float, ...]
) -> tuple[Cloud, Field]:
    cloud = KINDS[rng.choice(len(KINDS), p=chances)](rng)
    right = np.array([np.cos(angle), np.sin(angle)]) * reach
    down = np.array([-right[1], right[0]]) * rng.uniform(0.85, 1.15)
    return cloud, np.stack([centre, right * rng.choice([-1.0, 1.0]), down])
