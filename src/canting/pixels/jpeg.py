"""JPEG: stored once more."""

import cv2
import numpy as np

from canting.pictures import Pixels


def jpeg(picture: Pixels, quality: int) -> Pixels:
    """Encode as JPEG, 1 (worst) to 100, and decode."""
    swapped = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(".jpg", swapped, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), dtype=np.uint8)
