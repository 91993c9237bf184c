"""How bright, rich in contrast and sharp a picture is."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 256
"""Pixels that the longer side is reduced to first; a smaller picture stays as it is.

A blur then counts by what is seen of it, not by the camera's pixels.
"""


class Measures(NamedTuple):
    """Of the luma (Rec. 601, 0 to 255) of a reduced picture, rounded to two digits.

    `brightness` is its mean, `contrast` its standard deviation, `sharpness` the variance of its
    Laplacian (J. L. Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy: a
    comparative study, ICPR 2000).
    """

    brightness: float
    contrast: float
    sharpness: float


def measure(image: Image.Image) -> Measures:
    """Return the measures of an RGB picture."""
    luma = _luma(image)
    laplacian = cv2.Laplacian(luma, cv2.CV_16S, ksize=1, borderType=cv2.BORDER_REPLICATE)
    brightness, contrast = (float(value.item()) for value in cv2.meanStdDev(luma))
    deviation = cv2.meanStdDev(laplacian)[1].item()
    return Measures(round(brightness, 2), round(contrast, 2), round(deviation**2, 2))


def _luma(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Return `(height, width) uint8`; whole numbers all the way, so equal on every machine."""
    grey = image.convert("L")
    longer = max(image.size)
    if longer >= 2 * SIDE:
        grey = grey.reduce(longer // SIDE)
    luma = np.asarray(grey)
    if max(luma.shape) <= SIDE:
        return luma
    size = [max(1, round(side * SIDE / longer)) for side in image.size]
    smaller = cv2.resize(luma, size, interpolation=cv2.INTER_LINEAR_EXACT)
    return np.asarray(smaller, dtype=np.uint8)
