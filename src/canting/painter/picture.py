"""One picture of the embedded data set, from its label, its index and the seed."""

import numpy as np

from canting.core.errors import CantingError
from canting.imaging.pictures import Pixels
from canting.painter import (
    border,
    camera,
    cloth,
    hardship,
    kawung,
    lying,
    mega_mendung,
    palettes,
    parang,
    taking,
)
from canting.painter.fields import Field

MOTIFS = {"kawung": kawung.draw, "mega_mendung": mega_mendung.draw, "parang": parang.draw}

LABELS = tuple(MOTIFS)
"""The classes, which are also the names of their folders."""


def generator(label: str, index: int, seed: int, use: int = 0) -> np.random.Generator:
    """Return the random draws of one picture, which owe nothing to any other picture."""
    return np.random.Generator(np.random.PCG64([seed, LABELS.index(label), index, use]))


def paint(label: str, index: int, seed: int) -> Pixels:
    """Return picture `index` of a class, `(256, 256, 3) uint8`; the same one for the same seed.

    Raises `CantingError` for a label that is not in `LABELS`.
    """
    if label not in LABELS:
        raise CantingError(f"`label`: expected one of {', '.join(LABELS)}. Received: {label!r}.")
    rng = generator(label, index, seed)
    dye = palettes.pick(rng, index)
    canvas = cloth.dyed(rng, MOTIFS[label](rng, dye), dye)
    trial = generator(label, index, seed, use=2)
    hardships = hardship.drawn(trial)
    if "border" in hardships:
        canvas = border.sewn(trial, canvas, _other(trial, label, dye), dye)
    canvas = lying.laid(trial, canvas, hardships)
    picture = taking.taken(
        trial, camera.photographed(rng, canvas, spared=bool(hardships)), hardships
    )
    return np.ascontiguousarray(np.rint(picture * 255).astype(np.uint8).transpose(1, 2, 0))


def _other(rng: np.random.Generator, label: str, dye: palettes.Palette) -> Field:
    """Return a canvas of one of the motifs that the label does not name."""
    others = [name for name in LABELS if name != label]
    return cloth.dyed(rng, MOTIFS[str(rng.choice(others))](rng, dye), dye)
