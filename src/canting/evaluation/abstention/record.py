"""Generated pictures that show none of the classes, drawn from a seed."""

from collections.abc import Callable

import keras
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from canting.bundle.unlikeness import energy, unlikeness
from canting.config.refusals import AbstentionOutcome
from canting.evaluation.abstention.fit import FittedAbstention
from canting.imaging.pictures import Pixels

Draw = Callable[[tuple[int, int], np.random.Generator], Pixels]
"""Takes height and width and a generator; returns a picture."""


def draw(kind: str, number: int, size: tuple[int, int]) -> Pixels:
    """Return picture `number` of a kind, `(height, width, 3) uint8`, always the same."""
    return KINDS[kind](size, np.random.default_rng([*kind.encode(), number]))


def _uniform(size: tuple[int, int], generator: np.random.Generator) -> Pixels:
    return np.broadcast_to(_colour(generator), (*size, 3)).copy()


def _noise(size: tuple[int, int], generator: np.random.Generator) -> Pixels:
    """Return noise in grains of 1 to 16 pixels, in colour or in grey."""
    grain, planes = int(generator.choice([1, 2, 4, 8, 16])), int(generator.choice([1, 3]))
    rows, columns = (-(-side // grain) for side in size)
    grains = generator.integers(0, 256, (rows, columns, planes), dtype=np.uint8)
    whole = grains.repeat(grain, axis=0).repeat(grain, axis=1)[: size[0], : size[1]]
    return np.ascontiguousarray(np.broadcast_to(whole, (*size, 3)))


def _gradient(size: tuple[int, int], generator: np.random.Generator) -> Pixels:
    """Return two colours that run into each other along a line or from a middle."""
    y, x = np.mgrid[: size[0], : size[1]] / max(size)
    angle, middle = generator.uniform(0, 2 * np.pi), generator.uniform(0, 1, 2)
    along = x * np.cos(angle) + y * np.sin(angle)
    away = np.hypot(y - middle[0], x - middle[1])
    way = along if generator.random() < 0.5 else away
    share = (way - way.min()) / np.ptp(way)
    first, last = (_colour(generator).astype(float) for _ in range(2))
    return np.asarray(np.rint(first + share[..., None] * (last - first)), dtype=np.uint8)


def _screenshot(size: tuple[int, int], generator: np.random.Generator) -> Pixels:
    """Return a screen with a bar, and windows with a title, lines of text and buttons."""
    image = Image.new("RGB", size[::-1], _fill(_colour(generator)))
    pen, (width, height) = ImageDraw.Draw(image), image.size
    for _ in range(generator.integers(1, 4)):
        left, top = generator.integers(0, width // 3), generator.integers(0, height // 3)
        right, bottom = left + generator.integers(width // 2, width), top + height * 2 // 3
        _window(pen, (int(left), int(top), int(right), int(bottom)), generator)
    bar = _fill(_colour(generator))
    pen.rectangle((0, height - height // 16, width, height), fill=bar)
    return np.asarray(image)


def _document(size: tuple[int, int], generator: np.random.Generator) -> Pixels:
    """Return a light page full of text."""
    light = int(generator.integers(225, 256))
    image = Image.new("RGB", size[::-1], (light, light, light))
    box = (size[1] // 12, size[0] // 12, size[1] - size[1] // 12, size[0] - size[0] // 12)
    _text(ImageDraw.Draw(image), box, (20, 20, 20), generator)
    return np.asarray(image)


def _window(
    pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], generator: np.random.Generator
) -> None:
    left, top, right, bottom = box
    bar, dark = max(8, (bottom - top) // 9), generator.random() < 0.4
    paper, ink = ((36, 36, 40), (220, 220, 220)) if dark else ((250, 250, 250), (30, 30, 30))
    pen.rectangle(box, fill=paper, outline=(120, 120, 120))
    pen.rectangle((left, top, right, top + bar), fill=_fill(_colour(generator)))
    _text(pen, (left + 6, top + bar + 4, right - 6, bottom - bar - 6), ink, generator)
    pen.rectangle(
        (right - 60, bottom - bar, right - 10, bottom - 4), fill=_fill(_colour(generator))
    )


def _text(
    pen: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    ink: tuple[int, int, int],
    generator: np.random.Generator,
) -> None:
    """Write lines of random words into a box, left, top, right, bottom."""
    height = int(generator.integers(8, 16))
    font, letters = ImageFont.load_default(height), np.array(list("abcdefghijklmnoprstuvw"))
    for top in range(box[1], box[3] - height, height * 3 // 2):
        words = (generator.choice(letters, generator.integers(2, 10)) for _ in range(40))
        line = " ".join("".join(word) for word in words)
        length = max(1, int((box[2] - box[0]) * generator.uniform(0.5, 1) / (0.55 * height)))
        pen.text((box[0], top), line[:length], fill=ink, font=font)


def _colour(generator: np.random.Generator) -> Pixels:
    return generator.integers(0, 256, 3, dtype=np.uint8)


def _fill(colour: Pixels) -> tuple[int, int, int]:
    red, green, blue = colour.tolist()
    return red, green, blue


KINDS: dict[str, Draw] = {
    "uniform": _uniform,
    "gradient": _gradient,
    "noise": _noise,
    "screenshot": _screenshot,
    "document": _document,
}
"""Every kind with how it is drawn."""


EACH = 20
"""Pictures of nothing of each kind: a share of them is known to a twentieth."""


def refused(model: keras.Model, fixed: FittedAbstention, size: tuple[int, int]) -> dict[str, float]:
    """Return the share of pictures of nothing that the whole model refuses, kind by kind."""
    return {kind: _share(model, fixed, kind, size) for kind in KINDS}


def outcome(
    fixed: FittedAbstention, labels: npt.NDArray[np.object_], right: npt.NDArray[np.bool_]
) -> AbstentionOutcome:
    """Return how the pictures in folds fare: refused class by class, and how right the others are.

    `labels` and `right`, whether the out-of-fold answer was, are of the pictures in folds.
    """
    answered = right[~fixed.refused]
    return {
        "false_refusal_by_class": {
            str(label): float(fixed.refused[labels == label].mean()) for label in np.unique(labels)
        },
        "accuracy": float(right.mean()),
        "accuracy_of_answered": float(answered.mean()) if len(answered) else None,
    }


def _share(model: keras.Model, fixed: FittedAbstention, kind: str, size: tuple[int, int]) -> float:
    drawn = np.stack([draw(kind, number, size) for number in range(EACH)])
    said = model.predict_on_batch(drawn.astype(np.float32))
    unlike = unlikeness(np.asarray(said["pooled"]), fixed.prototypes)
    energies = energy(np.asarray(said["logits"])) if fixed.scale else None
    return float((fixed.distance(unlike, energies) > 1).mean())
