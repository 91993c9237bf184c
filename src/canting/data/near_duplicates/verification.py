"""Decide whether two pictures are the same, pixel by pixel, where they overlap."""

import cv2
import numpy as np
import numpy.typing as npt

from canting.data.near_duplicates.alignment import SCALES, placements
from canting.data.near_duplicates.placement import Array, Placement, lay
from canting.data.near_duplicates.sketch import PATCH_SIDE

MIN_OVERLAP = 0.35
"""Least share of each picture that the other shows; two opposite crops of 20 % share 0.56."""

MIN_COARSE = 0.95
MIN_FINE = 0.89
"""Least correlation of structure up to 6 and up to 2 pixels of the patch.

Measured on batik: another cloth of the same design reached 0.94 and 0.86, copies of one picture
were linked at 0.956 and 0.94 or more; on photographs a hard copy came down to 0.954 and 0.917.
"""

MIN_STRUCTURE = 1.2
"""Least standard deviation, in grey levels, of what is correlated; below it a patch is flat."""

FEW_POINTS = 24
"""With fewer key points, whole pictures are compared as well."""

_COARSE, _FINE = 6.0, 2.0
_TRIED = 3
_BLUR = 0.8
_WHOLE = [Placement(m, t, np.ones(2), np.zeros(2)) for m in (False, True) for t in range(4)]


def same(first: npt.NDArray[np.void], second: npt.NDArray[np.void]) -> bool:
    """Return whether two records show one picture: turned, mirrored, cropped or re-encoded."""
    found = placements(first, second)[:_TRIED]
    if min(int(first["count"]), int(second["count"])) < FEW_POINTS:
        found += _WHOLE
    if not found:
        return False
    ours, theirs = _soft(first["patch"]), _soft(second["patch"])
    return any(_agree(ours, theirs, placement) for placement in found)


def _soft(patch: npt.NDArray[np.uint8]) -> Array:
    """Return a patch without what resizing and re-encoding change first."""
    return np.asarray(cv2.GaussianBlur(patch.astype(np.float32), (0, 0), _BLUR), np.float32)


def _agree(ours: Array, theirs: Array, placement: Placement) -> bool:
    scale = placement.scale
    if (scale < SCALES[0]).any() or (scale > SCALES[1]).any():
        return False
    laid, window = lay(theirs, placement)
    ours, laid = ours[window], laid[window]
    share = ours.size / PATCH_SIDE**2
    if min(share, share / float(scale.prod())) < MIN_OVERLAP:
        return False
    coarse = _correlation(ours, laid, _COARSE)
    return coarse > MIN_COARSE and _correlation(ours, laid, _FINE) > MIN_FINE


def _correlation(first: Array, second: Array, size: float) -> float:
    """Return the normalised cross-correlation of what is finer than `size`; 0 for the flat."""
    one, two = _structure(first, size), _structure(second, size)
    if min(one.std(), two.std()) < MIN_STRUCTURE * size / _COARSE:
        return 0.0
    return float((one * two).mean() / (one.std() * two.std()))


def _structure(patch: Array, size: float) -> Array:
    fine = patch - cv2.GaussianBlur(patch, (0, 0), size)
    return np.asarray(fine - fine.mean(), dtype=np.float32)
