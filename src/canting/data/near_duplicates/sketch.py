"""The sketch of a picture: a signature to look it up, key points and a patch to compare.

The picture is squeezed into a square first: quarter turns map a square onto itself, and a change
of aspect becomes a mere scale along one side.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from canting.data.near_duplicates.signature import Vector, signature
from canting.imaging import pictures

SIDE = 160
"""Side in pixels of the square in which key points are found; their coordinates lie in it."""

PATCH_SIDE = 128
"""Side in pixels of the grey patch that pictures are compared by."""

POINTS = 128
"""Most key points kept of a picture."""

RECORD = np.dtype(
    [
        ("count", np.int32),
        ("points", np.float32, (POINTS, 2)),
        ("angles", np.float32, (POINTS,)),
        ("descriptors", np.uint8, (POINTS, 128)),
        ("patch", np.uint8, (PATCH_SIDE, PATCH_SIDE)),
    ]
)
"""Key points (x, y in the square; degrees, clockwise), SIFT descriptors, grey patch."""


class Sketch(NamedTuple):
    """One picture: digest of its square, signature, and a record of the type `RECORD`."""

    content: str
    signature: Vector
    record: npt.NDArray[np.void]


def sketch(path: Path) -> Sketch:
    """Read one picture and sketch it; raise `PictureError` if it cannot be decoded."""
    image = pictures.decode(path).image
    square = cv2.resize(np.asarray(image), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    record = np.zeros((), RECORD)
    grey = cv2.cvtColor(square, cv2.COLOR_RGB2GRAY)
    record["patch"] = cv2.resize(grey, (PATCH_SIDE, PATCH_SIDE), interpolation=cv2.INTER_AREA)
    _describe(grey, record)
    return Sketch(hashlib.sha256(square.tobytes()).hexdigest(), signature(square), record)


def _describe(grey: npt.NDArray[np.uint8], record: npt.NDArray[np.void]) -> None:
    finder = cv2.SIFT.create(nfeatures=POINTS, contrastThreshold=0.01, edgeThreshold=15)
    found, descriptors = finder.detectAndCompute(grey, None)
    if not found:
        return
    strongest = sorted(range(len(found)), key=lambda i: (-found[i].response, i))[:POINTS]
    count = len(strongest)
    record["count"] = count
    # OpenCV's SIFT places points a quarter pixel too far right and down; a pixel's centre is at .5
    record["points"][:count] = [np.add(found[i].pt, 0.25) for i in strongest]
    record["angles"][:count] = [found[i].angle for i in strongest]
    record["descriptors"][:count] = descriptors[strongest]
