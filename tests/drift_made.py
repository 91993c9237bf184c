"""Pictures that the made bundle really answers, and a reference in its card."""

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from canting.bundle.answer import Answer
from canting.bundle.classifier import Classifier
from canting.bundle.reference import Reference
from canting.evaluation.select_best.reference import reference
from canting.imaging.pictures import Pixels
from canting.serving.drift.window import Window, WindowRow
from canting.serving.service.history import NewEntry
from tests.service_fixtures import LABELS, SIDE

EVEN = (1 / 3, 1 / 3, 1 / 3)
USUAL, MUDDY = (0.79, 0.99), (0.60, 0.92)
"""Shares of the strongest colour: below 0.81 the made bundle abstains."""

TEMPERATURE = 4.0
"""Leaves the made bundle in doubt of muddy colours."""


def drawn(
    count: int, seed: int, pure: tuple[float, float] = USUAL, mix: Sequence[float] = EVEN
) -> list[tuple[int, Pixels]]:
    """Return pictures with their classes: one colour is the strongest, more or less."""
    generator = np.random.default_rng(seed)
    return [_picture(generator, pure, mix) for _ in range(count)]


def _picture(
    generator: np.random.Generator, pure: tuple[float, float], mix: Sequence[float]
) -> tuple[int, Pixels]:
    code = int(generator.choice(len(LABELS), p=mix))
    most = generator.uniform(*pure)
    other = (1 - most) * generator.uniform(0.2, 0.8)
    shares = np.roll([most, other, 1 - most - other], code)
    noise = generator.uniform(0, 2, (SIDE, SIDE, 1))
    return code, (noise * shares * 127).astype(np.uint8)


Answered = tuple[str, Answer]
"""The true label and the answer."""


def answered(classifier: Classifier, pictures: Sequence[tuple[int, Pixels]]) -> list[Answered]:
    return [(LABELS[code], classifier.answer(pixels)) for code, pixels in pictures]


def referred(answers: Sequence[Answered]) -> Reference:
    """Return a reference from answers, as the stage makes it from those out of fold."""
    rows = [
        (one.label, label, one.probability, one.distance, one.abstained) for label, one in answers
    ]
    table = pd.DataFrame(rows, columns=["predicted", "label", "confidence", "distance", "refused"])
    table["path"] = table["group"] = [f"{number:05d}" for number in range(len(table))]
    parts = [["path", "label", "predicted", "confidence"], ["path", "distance", "refused"]]
    made = reference(table[parts[0]], table[parts[1]], table[["path", "group"]])
    return Reference.model_validate(made)


def with_reference(bundle: Path, known: Reference, folder: Path) -> Path:
    """Return a copy of a bundle with a reference in its card."""
    shutil.copytree(bundle, folder)
    card: dict[str, Any] = json.loads((bundle / "card.json").read_text())
    card["reference"] = known.model_dump(mode="json")
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def new(answer: Answer, model: str) -> NewEntry:
    """Return an answer as the service keeps it."""
    said = answer._asdict()
    kept = {name: said[name] for name in NewEntry._fields if name in said}
    return NewEntry(name="a.jpg", model=model, width=SIDE, height=SIDE, source="page", **kept)


def window(answers: Sequence[Answered], corrected: Sequence[str | None] | None = None) -> Window:
    """Return answers as a history's, without one."""
    time, said = datetime(2026, 5, 1, tzinfo=UTC), corrected or [None] * len(answers)
    rows = [
        WindowRow(time, one.label, one.probability, one.abstained, one.distance, label)
        for (_, one), label in zip(answers, said, strict=True)
    ]
    return Window(tuple(rows), 0, 0)
