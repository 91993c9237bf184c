"""A strip of example pictures of a class."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from canting.evaluation.plots.figure import PAPER
from canting.imaging import pictures

SHOWN, SIDE, GAP = 6, 160, 8
"""Pictures of a class, pixels of a picture's longer side, pixels between two."""


def strip(paths: Sequence[str], raw: Path) -> bytes:
    """Return a JPEG of pictures side by side, spread evenly over `paths` below `raw`."""
    places = np.linspace(0, len(paths) - 1, min(SHOWN, len(paths))).astype(int)
    width = SHOWN * (SIDE + GAP) - GAP
    sheet = Image.new("RGB", (width, SIDE), PAPER)
    for number, place in enumerate(places):
        image = pictures.upright(pictures.decode(raw / paths[place]))
        sheet.paste(ImageOps.pad(image, (SIDE, SIDE), color=PAPER), (number * (SIDE + GAP), 0))
    content = io.BytesIO()
    sheet.save(content, "JPEG", quality=85)
    return content.getvalue()
