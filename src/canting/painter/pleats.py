"""Pleats of a draped cloth: each shows a strip of it and hides the next."""

import numpy as np

from canting.painter.fields import Field, noise
from canting.painter.view import FINE


def pleated(rng: np.random.Generator, x: Field, y: Field) -> tuple[Field, Field, Field]:
    """Return which place on the canvas is seen, and in what light, `(FINE, FINE)` each."""
    angle = rng.uniform(-0.4, 0.4) + np.pi / 2 * (rng.random() < 0.25)
    across, along = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    fan = 1 + along * rng.uniform(-0.7, 0.7)
    count = rng.uniform(3, 6.5)
    phase = (across * fan + noise(rng, FINE, 3) * 0.02) * count + 32
    phase = phase + np.sin(phase * rng.uniform(0.8, 2.2) + rng.uniform(0, 6)) * 0.25
    pleat = np.floor(phase).astype(np.int64)
    height = 2 * (phase - pleat) - 1
    round_ = np.arcsin(np.clip(height, -0.97, 0.97)) / np.pi + 0.5
    hidden, slip = rng.uniform(0.15, 0.7, 64), rng.uniform(-0.12, 0.12, 64)
    begins = np.cumsum(1 + hidden)
    place = begins[pleat % 64] + round_
    seen = (place - place.mean()) / count
    light = 0.3 + 0.85 * np.sqrt(1 - height**2 * 0.98) + 0.3 * rng.choice([-1, 1]) * height
    turned = along * rng.uniform(0.95, 1.15) + slip[pleat % 64]
    back = np.cos(angle) * seen - np.sin(angle) * turned
    return back, np.sin(angle) * seen + np.cos(angle) * turned, light
