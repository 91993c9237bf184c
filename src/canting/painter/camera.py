"""Light, folds, lens and sensor: from canvas to photograph."""

import numpy as np
from scipy import ndimage

from canting.painter.fields import Field, noise, rough
from canting.painter.view import SIDE

FAULTS = ("blur", "dark", "flat", "grey", "noise")
"""What can ail a photograph; two in five of those not spared have one to three."""


def photographed(rng: np.random.Generator, canvas: Field, spared: bool = False) -> Field:
    """Return `(3, SIDE, SIDE)` in 0..1 from a `(3, FINE, FINE)` canvas.

    A picture that is `spared` has none of the `FAULTS`.
    """
    ailing = rng.random() < 0.4 and not spared
    faults = rng.choice(FAULTS, int(rng.integers(1, 4)), replace=False).tolist() if ailing else []
    small = canvas.reshape(3, SIDE, 2, SIDE, 2).mean(axis=(2, 4))
    bled = ndimage.gaussian_filter(small, (0, 1.6, 1.6))
    small = small + (bled - small) * rng.uniform(0, 0.45)
    if "dark" in faults and "flat" in faults:
        faults.remove("flat")
    toned = _tone(rng, small * _light(rng, ailing), faults)
    spread = rng.uniform(0.9, 1.7) if "blur" in faults else rng.uniform(0.0, 0.75)
    blurred = ndimage.gaussian_filter(toned, (0, spread, spread)) if spread > 0.2 else toned
    return np.clip(blurred + _grain(rng, "noise" in faults), 0, 1)


def _light(rng: np.random.Generator, hard: bool) -> Field:
    at = (np.arange(SIDE) + 0.5) / SIDE - 0.5
    x, y = np.meshgrid(at, at)
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.3)
    light: Field = 1 + strength * (np.cos(angle) * x + np.sin(angle) * y)
    light = light - rng.uniform(0, 0.6 if hard else 0.3) * (x * x + y * y)
    light += _folds(rng, x, y, hard) + noise(rng, SIDE, 3) * rng.uniform(0, 0.04)
    return np.clip(light, 0.08, None)


def _folds(rng: np.random.Generator, x: Field, y: Field, hard: bool) -> Field:
    """Return the shading of folds: each a ridge with a lit and a dark side."""
    shade = np.zeros((SIDE, SIDE))
    if rng.random() < (0.1 if hard else 0.4):
        return shade
    angle = rng.uniform(0, np.pi)
    bent = noise(rng, SIDE, 2) * rng.uniform(0.01, 0.05)
    across = np.cos(angle) * x + np.sin(angle) * y + bent
    along = np.sin(angle) * x - np.cos(angle) * y
    for _ in range(int(rng.integers(1, 5))):
        wide = rng.uniform(0.02, 0.14)
        off = (across - rng.uniform(-0.5, 0.5) + along * rng.uniform(-0.3, 0.3)) / wide
        fades = 1 / (1 + np.exp(-(along - rng.uniform(-0.5, 0.3)) * rng.uniform(-9, 9)))
        shade += rng.uniform(0.08, 0.42 if hard else 0.26) * off * np.exp(-off * off) * fades
    return shade + rough(rng, SIDE, 5, 3) * rng.uniform(0, 0.03)


def _tone(rng: np.random.Generator, picture: Field, faults: list[str]) -> Field:
    """Return the picture after white balance, exposure, contrast and saturation."""
    gains = 1 + rng.uniform(-0.08, 0.08, 3)
    toned = picture * gains[:, None, None] * rng.uniform(0.78, 1.12)
    grey: Field = toned.mean(axis=0)
    vivid = rng.uniform(0.0, 0.35) if "grey" in faults else rng.uniform(0.75, 1.15)
    toned = grey + (toned - grey) * vivid
    flat = rng.uniform(0.4, 0.7) if "flat" in faults else rng.uniform(0.8, 1.1)
    middle = rng.uniform(0.4, 0.6)
    toned = (toned - middle) * flat + middle
    if "dark" in faults:
        toned = toned * min(max(rng.uniform(0.4, 0.7), 0.16 / float(grey.mean())), 1.0)
    bright = np.maximum(toned - 0.8, 0)
    shoulder: Field = 0.2 * (1 - np.exp(-bright / 0.2)) - bright
    return toned + shoulder


def _grain(rng: np.random.Generator, noisy: bool) -> Field:
    size = rng.uniform(0.0, 0.06 if noisy else 0.02)
    each = rng.random((3, SIDE, SIDE)) + rng.random((3, SIDE, SIDE)) - 1
    return size * each + size * (rng.random((SIDE, SIDE)) + rng.random((SIDE, SIDE)) - 1)
