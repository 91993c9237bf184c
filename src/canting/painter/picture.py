"""Difficulties of some pictures: how the cloth is draped, and defects of the photograph."""

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from canting.core import parallel
from canting.core.errors import CantingError
from canting.core.files import replacing
from canting.imaging.pictures import Pixels
from canting.painter import (
    camera,
    camera_noise,
    cloth,
    draping,
    kawung,
    mega_mendung,
    palettes,
    parang,
)
from canting.painter.fields import Field

SHARE = 0.3
"""Share of the pictures that are hard."""

LYING = {"border": 5, "draped": 4, "part": 4, "close": 2, "far": 4, "steep": 2, "turned": 3}
"""How the cloth lies, by how often: two motifs on it, pleated, reaching over a part of the picture
only, from very near, from afar, from a low angle, turned and stretched."""

TAKING = {"moved": 3, "coarse": 3, "glare": 2, "shade": 2}
"""What happens as the picture is taken, by how often: a shaken camera, few pixels, a lamp that
shines back, a deep shadow."""


def drawn(rng: np.random.Generator) -> frozenset[str]:
    """Return the hardships of one picture: none, or one of how the cloth lies and 0 to 2 others."""
    if rng.random() >= SHARE:
        return frozenset()
    count = int(rng.choice(3, p=[0.35, 0.5, 0.15]))
    drawn = frozenset([*_some(rng, LYING, 1), *_some(rng, TAKING, count)])
    return drawn - {"glare", "moved"} if "far" in drawn else drawn


def _some(rng: np.random.Generator, table: dict[str, int], count: int) -> list[str]:
    shares = np.array(list(table.values())) / sum(table.values())
    return [str(name) for name in rng.choice(list(table), count, replace=False, p=shares)]


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
    hardships = drawn(trial)
    if "border" in hardships:
        canvas = cloth.sewn(trial, canvas, _other(trial, label, dye), dye)
    canvas = draping.laid(trial, canvas, hardships)
    picture = camera_noise.taken(
        trial, camera.photographed(rng, canvas, spared=bool(hardships)), hardships
    )
    return np.ascontiguousarray(np.rint(picture * 255).astype(np.uint8).transpose(1, 2, 0))


def _other(rng: np.random.Generator, label: str, dye: palettes.Palette) -> Field:
    """Return a canvas of one of the motifs that the label does not name."""
    others = [name for name in LABELS if name != label]
    return cloth.dyed(rng, MOTIFS[str(rng.choice(others))](rng, dye), dye)


SEED = 2026
"""Seed of the pictures that `data.dvc` pins."""

PER_CLASS = 60
"""Pictures of each class in the folder that `data.dvc` pins."""


def paint_file(folder: Path, label: str, index: int, seed: int) -> Path:
    """Paint one picture to `folder/label/label_000.jpg` and return that path."""
    path = folder / label / f"{label}_{index:03d}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    quality = int(generator(label, index, seed, use=1).integers(55, 93))
    Image.fromarray(paint(label, index, seed)).save(path, "JPEG", quality=quality)
    return path


def paint_folder(folder: Path, *, seed: int = SEED, per_class: int = PER_CLASS) -> None:
    """Paint `per_class` pictures of each class into `folder`, whole or not at all.

    What was in `folder` before is replaced.
    """
    if per_class < 1:
        raise CantingError(f"`per_class`: expected at least 1 picture. Received: {per_class!r}.")
    tasks = [(label, index) for label in LABELS for index in range(per_class)]
    with replacing(folder) as aside:
        one = partial(_task, aside, seed)
        for _ in parallel.run(one, tasks, label="paint", total=len(tasks), workers="processes"):
            pass


def _task(folder: Path, seed: int, task: tuple[str, int]) -> Path:
    return paint_file(folder, *task, seed)
