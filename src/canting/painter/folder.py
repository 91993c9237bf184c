"""The embedded data set as a folder of JPEG files."""

from functools import partial
from pathlib import Path

from PIL import Image

from canting.core import parallel
from canting.core.errors import CantingError
from canting.core.files import replacing
from canting.painter.picture import LABELS, generator, paint

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
