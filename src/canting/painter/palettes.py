"""Dyes: families of colours that all three motifs share, so that colour names no motif."""

import colorsys
from dataclasses import dataclass

import numpy as np

from canting.painter.fields import Field

FAMILIES = (
    # ground, light, middle, ink, accent
    ("4a2413", "f0e2c4", "a9672f", "24110b", "c98a3d"),  # soga on cream, Yogyakarta
    ("f1e6cf", "fffaf0", "b1743c", "3b1d10", "7a4522"),  # soga lines on a pale ground, Surakarta
    ("8a4a1c", "e9b765", "5b2b12", "1f0f0a", "d59a45"),  # golden soga
    ("1c2c5e", "eef0ee", "5a7fb5", "0d1433", "9db7d8"),  # indigo
    ("e9e4d4", "faf7ee", "3f62a3", "16244f", "7f9cc8"),  # indigo lines on undyed cloth
    ("b3202c", "f6e6d6", "27418f", "1b1533", "e7a0a0"),  # Cirebon red with blue
    ("1d3f9b", "f5f4f0", "c2303a", "101a45", "7fb0e6"),  # Cirebon blue with red
    ("7c1730", "f2cdbb", "c05a63", "2c0812", "e39a86"),  # mengkudu red
    ("1f5a3c", "ecefd2", "6f9f5c", "0c2a1c", "c7b04a"),  # green
    ("0f6f76", "f3ead2", "4db0ac", "07343a", "f0a541"),  # turquoise, modern
    ("15130f", "f4f1ea", "8c8880", "050505", "c4bfb4"),  # black and white
    ("4b2a6d", "efe1f2", "9a6bbd", "1d0d33", "e2a33f"),  # purple, modern
    ("d77a1e", "fff0c9", "a8321f", "3a1208", "f4c34a"),  # orange, modern
    ("c43c78", "fdeaf0", "6c2f7c", "3a0f2c", "f3a7c0"),  # pink, coastal
    ("3a3f45", "dcdcd2", "76808a", "16181b", "a6764c"),  # grey, washed
)


@dataclass(frozen=True)
class Palette:
    """Six dyes, each `(3,)` in 0..1.

    `ground` lies behind, `light` fills, `ink` draws on the ground and `pen` on what is filled.
    """

    ground: Field
    light: Field
    middle: Field
    ink: Field
    accent: Field
    pen: Field


def pick(rng: np.random.Generator, index: int) -> Palette:
    """Return the family that `index` falls to, shifted a little, sometimes with ground and
    light exchanged, so that every class gets every family equally often.
    """
    family = FAMILIES[index % len(FAMILIES)]
    shift = rng.uniform(-1, 1, 3) * (0.025, 0.14, 0.09)
    dyes = [dye(code, shift + rng.uniform(-1, 1, 3) * (0.012, 0.06, 0.05)) for code in family]
    if rng.random() < 0.35:
        dyes[0], dyes[1] = dyes[1], dyes[0]
        if _brightness(dyes[0]) > 0.6 and _brightness(dyes[2]) > 0.5:
            dyes[2] = 0.5 * (dyes[1] + dyes[3])
    if rng.random() < 0.25:
        dyes[2], dyes[4] = dyes[4], dyes[2]
    pen = dyes[3] if _brightness(dyes[1]) > 0.45 else dyes[0]
    ground, light, middle, ink, accent = dyes
    return Palette(ground, light, middle, ink, accent, pen)


def _brightness(dye: Field) -> float:
    return float(dye @ np.array([0.299, 0.587, 0.114]))


def dye(code: str, shift: Field) -> Field:
    """Return the colour `(3,)` of a code, shifted in hue, saturation (relative) and brightness."""
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (0, 2, 4))
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    saturation = min(max(saturation * (1 + shift[1]), 0.0), 1.0)
    value = min(max(value + shift[2], 0.03), 1.0)
    return np.array(colorsys.hsv_to_rgb((hue + shift[0]) % 1, saturation, value))
