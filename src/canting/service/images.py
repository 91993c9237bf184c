"""Pictures inside answers."""

import base64
import io

import numpy as np
import numpy.typing as npt

from canting.bundle import overlay

LONGEST = 512
"""Pixels of the longer side of a heat map: it is smooth, and drawn larger by who shows it."""


def heat_map(activation: npt.NDArray[np.float32], size: tuple[int, int]) -> str:
    """Return the heat map for a picture of `size` (width, height), a PNG as a data URI."""
    scale = min(1.0, LONGEST / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    content = io.BytesIO()
    overlay(activation, (width, height)).save(content, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
