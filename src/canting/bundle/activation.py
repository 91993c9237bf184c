"""Class activation maps, and their overlay on a picture."""

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[np.float32]


def activation(feature_map: Array, kernel: Array, place: int) -> Array:
    """Return the class activation map of the class at `place`, `(h, w) float32` in 0…1.

    The map is `(h, w, channels)`, the classifier's kernel `(channels, classes)`. As logits are the
    mean of `map @ kernel` plus a bias, the map is exact, without gradients (Zhou et al., "Learning
    Deep Features for Discriminative Localization", CVPR 2016). The mean over the classes is taken
    off, which softmax does not see: what speaks for all of them alike speaks for none.
    """
    weights = kernel[:, place] - kernel.mean(axis=1)
    evidence = np.maximum(feature_map @ weights, 0)
    most = evidence.max()
    return np.asarray(evidence / most if most > 0 else evidence, dtype=np.float32)


STOPS = ((20, 24, 92), (108, 30, 128), (206, 60, 86), (247, 148, 50), (252, 236, 140))
"""Colours of the heat map in sRGB, from nothing to most, evenly apart; lighter is more."""

STRONGEST = 0.7
"""Opacity where the map is 1; where it is 0 the picture shows through untouched."""


def overlay(activation: npt.NDArray[np.float32], size: tuple[int, int]) -> Image.Image:
    """Return an RGBA heat map of `size` (width, height) from an activation in 0…1, `(h, w)`."""
    small = Image.fromarray(np.asarray(activation, dtype=np.float32))
    smooth = np.asarray(small.resize(size, Image.Resampling.BICUBIC)).clip(0, 1)
    levels = np.rint(smooth * 255).astype(np.uint8)
    return Image.fromarray(_colours()[levels])


def _colours() -> npt.NDArray[np.uint8]:
    """Return the colour of each level, `(256, 4)`."""
    levels, places = np.linspace(0, 1, 256), np.linspace(0, 1, len(STOPS))
    channels = [np.interp(levels, places, stops) for stops in zip(*STOPS, strict=True)]
    opacity = 255 * STRONGEST * levels
    return np.rint(np.stack([*channels, opacity], axis=1)).astype(np.uint8)
