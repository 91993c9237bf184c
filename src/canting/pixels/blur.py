"""Blur: out of focus, or enlarged from a small picture."""

import cv2
import numpy as np

from canting.pictures import Pixels


def blur(picture: Pixels, share: float) -> Pixels:
    """Blur by a Gaussian whose standard deviation is a share of the shorter side."""
    sigma = share * min(picture.shape[:2])
    if not sigma:
        return picture
    blurred = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, dtype=np.uint8)
