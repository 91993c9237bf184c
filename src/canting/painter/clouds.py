"""Outlines of Cirebon clouds: drawn-out points, waves, and curls that roll inwards."""

from dataclasses import dataclass

import numpy as np

from canting.painter.curves import smooth, spiral
from canting.painter.fields import Field


@dataclass(frozen=True)
class Cloud:
    """A closed outline `(n, 2)` and the open curves drawn inside it; about 2 wide."""

    outline: Field
    curves: tuple[Field, ...]


def eye(rng: np.random.Generator) -> Cloud:
    """Return a long cloud, pointed at both ends, around a smaller one that ends in a curl."""
    height = rng.uniform(0.4, 0.62)
    outline = _pointed(rng, height, int(rng.integers(2, 5)))
    share = rng.uniform(0.46, 0.6)
    drop = _teardrop(rng, height * rng.uniform(0.9, 1.2)) * share
    where = np.array([rng.uniform(-0.12, 0.16), rng.uniform(-0.06, 0.06)])
    flip = np.array([rng.choice([-1.0, 1.0]), rng.choice([-1.0, 1.0])])
    return Cloud(outline, (drop * flip + where,))


def curled(rng: np.random.Generator) -> Cloud:
    """Return a pointed cloud whose upper edge rolls inwards once or twice."""
    height = rng.uniform(0.4, 0.7)
    outline = _pointed(rng, height, int(rng.integers(2, 4)))
    places = [rng.uniform(-0.3, 0.3)] if rng.random() < 0.5 else [-0.28, 0.3]
    curls = tuple(_roll(rng, outline, at, height) for at in places)
    return Cloud(outline, curls)


def comma(rng: np.random.Generator) -> Cloud:
    """Return a round head with a curl in it and a long tail that sways to a point."""
    radius, bend = rng.uniform(0.3, 0.42), rng.uniform(-0.25, 0.25)
    centre = np.array([-0.5, 0.0])
    around = np.linspace(0.9, 2 * np.pi - 0.9, 12)
    head = centre + radius * np.stack([np.cos(around), np.sin(around)], axis=1)
    lower = np.array([[0.0, -radius * 0.62 + bend * 0.3], [0.45, -radius * 0.25 + bend]])
    upper = np.array([[0.45, radius * 0.35 + bend], [0.0, radius * 0.85 + bend * 0.3]])
    tip = np.array([[1.0, bend * 0.4]])
    path = smooth(np.concatenate([tip, upper, head, lower, tip]), 8)
    roll = spiral(centre, radius * 0.98, 0.9, rng.uniform(1.3, 1.9), 1.0)
    flip = np.array([1.0, rng.choice([-1.0, 1.0])])
    return Cloud(path * flip, (roll * flip,))


def puff(rng: np.random.Generator) -> Cloud:
    """Return a small cloud of three or four lobes with a curl."""
    lobes = int(rng.integers(3, 6))
    around = np.linspace(0, 2 * np.pi, 16 * lobes, endpoint=False)
    bulge = np.abs(np.sin(around * lobes / 2 + rng.random() * 3)) ** 0.7
    reach = 0.42 + 0.3 * bulge
    outline = reach[:, None] * np.stack([np.cos(around) * 1.35, np.sin(around)], axis=1)
    roll = spiral(np.zeros(2), 0.34, rng.uniform(0, 6), rng.uniform(1.2, 1.7), rng.choice([-1, 1]))
    return Cloud(outline, (roll,))


def crested(rng: np.random.Generator) -> Cloud:
    """Return a pointed cloud with round heads along its upper edge, a curl in each."""
    heads = int(rng.integers(2, 4))
    height = rng.uniform(0.34, 0.46)
    at = np.linspace(-0.5, 0.5, heads) + rng.uniform(-0.06, 0.06, heads)
    size = rng.uniform(0.2, 0.27, heads) * (1.25 if heads == 2 else 1.0)
    centres = np.stack([at, height * (0.75 - at**2) * rng.uniform(0.8, 1.1, heads)], axis=1)
    lean = rng.choice([-1.0, 1.0])
    arcs = [_arc(centre, radius) for centre, radius in zip(centres, size, strict=True)]
    left, right = np.array([[-1.0, 0.0], [-0.82, 0.04]]), np.array([[0.82, 0.04], [1.0, 0.0]])
    top = smooth(np.concatenate([left, *arcs, right]), 7)
    bottom = _edge(rng, height * rng.uniform(0.7, 1.1), 2)[::-1] * (1, -1)
    back = smooth(np.concatenate([right[1:], bottom, left[:1]]), 6)
    rolls = tuple(
        spiral(centre, radius, np.pi / 2 + lean * 1.9, rng.uniform(1.3, 1.8), -lean)
        for centre, radius in zip(centres, size, strict=True)
    )
    return Cloud(np.concatenate([top[:-1], back[:-1]]), rolls)


def _arc(centre: Field, radius: float) -> Field:
    around = np.linspace(np.pi * 1.02, -np.pi * 0.02, 7)
    return centre + radius * np.stack([np.cos(around), np.sin(around)], axis=1)


KINDS = (eye, curled, comma, puff, crested)


def _edge(rng: np.random.Generator, height: float, waves: int) -> Field:
    """Return control points from the left tip to the right one, waving."""
    x = np.linspace(-1, 1, 4 * waves + 3)
    arch = (1 - x**2) ** rng.uniform(1.2, 1.7)
    wave = np.cos((x + rng.uniform(-0.2, 0.2)) * np.pi * waves) * (1 - x**4)
    lean = rng.uniform(-0.25, 0.25)
    y = height * arch * (1 + lean * x) + wave * height * rng.uniform(0.1, 0.2)
    return np.stack([x, y], axis=1)[1:-1]


def _pointed(rng: np.random.Generator, height: float, waves: int) -> Field:
    left, right = rng.uniform(-0.18, 0.18, 2)
    tips = np.array([[-1.0, left], [1.0, right]])
    top = _edge(rng, height, waves)
    bottom = _edge(rng, height * rng.uniform(0.7, 1), waves)[::-1] * (1, -1)
    there = smooth(np.concatenate([tips[:1], top, tips[1:]]), 6)
    back = smooth(np.concatenate([tips[1:], bottom, tips[:1]]), 6)
    return np.concatenate([there[:-1], back[:-1]])


def _teardrop(rng: np.random.Generator, height: float) -> Field:
    """Return one line: from the inner end of a curl around a drop and along to its point."""
    radius, turns = height * rng.uniform(0.62, 0.8), rng.uniform(1.5, 2.1)
    centre = np.array([0.25, 0.0])
    roll = spiral(centre, radius, -np.pi / 2, turns, 1.0)[::-1]
    lower = np.array([[-0.2, -radius * 0.72], [-0.6, -radius * 0.42], [-1.0, 0.0]])
    upper = np.array([[-0.62, radius * 0.28], [-0.3, radius * 0.62], [0.05, radius * 1.02]])
    crown = np.array([[0.5, radius * 1.0], [0.25 + radius * 1.3, radius * 0.35]])
    close = np.array([[0.25 + radius * 1.25, -radius * 0.3], [0.25 + radius * 0.6, -radius * 0.95]])
    out = smooth(np.concatenate([roll[-1:], lower]), 8)
    home = smooth(np.concatenate([lower[-1:], upper, crown, close, roll[-1:]]), 8)
    return np.concatenate([roll, out, home])


def _roll(rng: np.random.Generator, outline: Field, at: float, height: float) -> Field:
    top = outline[: len(outline) // 2]
    start = top[np.argmin(np.abs(top[:, 0] - at))]
    radius = height * rng.uniform(0.38, 0.5)
    hand = rng.choice([-1.0, 1.0])
    centre = start - (0.0, radius)
    return spiral(centre, radius, np.pi / 2, rng.uniform(1.2, 1.8), hand)


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
