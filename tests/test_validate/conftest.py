"""A folder of tiny pictures, sound in every respect and at every limit, and its parameters."""

from pathlib import Path

import pytest

from canting.config.sections import Validate

from .folder import save

SMALLEST, LARGEST = 32, 200


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return tmp_path / "build" / "raw"


@pytest.fixture
def sound(raw: Path) -> Path:
    """Two classes, 4 and 8 pictures: at the limits of side, imbalance, count and mode."""
    save(raw, "kawung/the smallest.png", (SMALLEST, 64))
    save(raw, "kawung/the largest.png", (LARGEST, 64))
    save(raw, "kawung/größe, Übermaß.png")
    save(raw, "kawung/grey.png", mode="L")
    for number in range(8):
        save(raw, f"parang/{number}.png")
    return raw


@pytest.fixture
def params() -> Validate:
    return Validate(
        labels=("kawung", "parang"),
        min_pictures=4,
        min_groups=4,
        min_side=SMALLEST,
        max_side=LARGEST,
        modes=("RGB", "L"),
        min_brightness=10.0,
        max_brightness=254.0,
        min_contrast=3.0,
        min_sharpness=4.0,
        max_imbalance=2.0,
        max_duplicates=0.0,
        max_conflicts=0.0,
        on_bad="stop",
    )
