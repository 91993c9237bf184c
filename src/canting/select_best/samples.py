"""Pictures that a page can offer to be tried."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from canting.imaging.pictures import decode, upright

CLASSES, PER_CLASS = 6, 2

LONGEST = 512
"""Longer side of a sample in pixels."""


def samples(right: pd.DataFrame, folder: Path) -> dict[str, bytes]:
    """Return JPEG files by name, `label/number.jpg`: for six labels up to two pictures.

    `right` has the columns `path`, below `folder`, `label` and `sha256`, of pictures that were
    answered right out of fold. Those with the smallest digests are taken, which has nothing to do
    with what they show. Nothing but the pixels is kept: no EXIF, no comments.
    """
    labels = sorted(right["label"].unique())[:CLASSES]
    shown = right[right["label"].isin(labels)].sort_values("sha256", kind="stable")
    found = {}
    for label, part in shown.groupby("label"):
        for number, path in enumerate(part["path"].head(PER_CLASS), start=1):
            found[f"{label}/{number}.jpg"] = _shrunk(folder / path)
    return found


def _shrunk(path: Path) -> bytes:
    image = upright(decode(path))
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(image)).save(buffer, "JPEG", quality=85, optimize=True)
    return buffer.getvalue()
