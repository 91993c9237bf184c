"""Transforms of colour and light."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from canting.imaging.pictures import Pixels


def grey(picture: Pixels) -> Pixels:
    """Return the luminance (Rec. 601) in all three channels."""
    return np.asarray(
        cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), dtype=np.uint8
    )


def invert(picture: Pixels) -> Pixels:
    """Return the negative."""
    return np.asarray(255 - picture, dtype=np.uint8)


def gain(picture: Pixels, factors: float | Sequence[float]) -> Pixels:
    """Multiply all channels, or each by its own factor: light, and the colour of light."""
    return _mapped(picture, np.arange(256.0)[:, None] * np.broadcast_to(factors, 3))


def contrast(picture: Pixels, factor: float) -> Pixels:
    """Multiply the distance of every value to the picture's mean."""
    mean = picture.mean()
    return _mapped(picture, np.repeat(mean + factor * (np.arange(256.0)[:, None] - mean), 3, 1))


def _mapped(picture: Pixels, values: npt.NDArray[np.float64]) -> Pixels:
    """Replace each value by that of a table, `(256, 3)`, rounded and kept within 0…255."""
    table = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table[None]), dtype=np.uint8)


def blur(picture: Pixels, share: float) -> Pixels:
    """Blur by a Gaussian whose standard deviation is a share of the shorter side."""
    sigma = share * min(picture.shape[:2])
    if not sigma:
        return picture
    blurred = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, dtype=np.uint8)


def jpeg(picture: Pixels, quality: int) -> Pixels:
    """Encode as JPEG, 1 (worst) to 100, and decode."""
    swapped = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(".jpg", swapped, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), dtype=np.uint8)
