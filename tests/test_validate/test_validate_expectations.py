"""Each expectation is seen to hold and seen to fail, alone, naming the bad rows."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from canting.config.sections import Validate
from canting.data.validate.class_checks import class_checks
from canting.data.validate.picture_checks import mostly, picture_checks
from tests.conftest import slow

from .folder import failed, picture, save, settled

Breaking = Callable[[Path], None]


def test_all_hold_at_the_limits(sound: Path, params: Validate) -> None:
    passage = settled(sound, params)
    assert failed(passage) == {}
    assert [outcome.check.id for outcome in passage.outcomes] == [
        *(check.id for check in picture_checks(params, 12)),
        *(check.id for check in class_checks(params)),
    ]
    assert set(CASES) == {outcome.check.id for outcome in passage.outcomes}


def undecodable(raw: Path) -> None:
    (raw / "kawung/a text.jpg").write_text("Lorem ipsum")
    (raw / "kawung/empty.png").touch()
    cut = save(raw, "kawung/cut.jpg", (100, 100))
    cut.write_bytes(cut.read_bytes()[:-100])


def too_small(raw: Path) -> None:
    save(raw, "kawung/a line.png", (31, 64))


def too_large(raw: Path) -> None:
    save(raw, "kawung/a cloth.png", (64, 201))


def odd_modes(raw: Path) -> None:
    save(raw, "kawung/16 bits.png", mode="I;16")
    save(raw, "kawung/palette.png", mode="P")
    save(raw, "kawung/print.jpg", mode="CMYK")


def very_dark(raw: Path) -> None:
    Image.new("RGB", (64, 48)).save(raw / "kawung/black.png")
    night = ImageEnhance.Brightness(picture("night", (64, 48), "RGB")).enhance(0.05)
    night.save(raw / "kawung/night.png")


def very_bright(raw: Path) -> None:
    Image.new("L", (64, 48), 255).save(raw / "kawung/white.png")
    glare = Image.new("L", (64, 48), 255)
    glare.paste(0, (30, 20, 33, 23))
    glare.save(raw / "kawung/glare.png")


def of_one_colour(raw: Path) -> None:
    Image.new("RGB", (64, 48), (128, 128, 128)).save(raw / "kawung/constant.png")
    noise = np.random.default_rng(1).normal(128, 2, (48, 64, 3)).astype(np.uint8)
    Image.fromarray(noise).save(raw / "kawung/a wall.jpg")


def out_of_focus(raw: Path) -> None:
    image = picture("blurred", (200, 200), "RGB")
    image.filter(ImageFilter.GaussianBlur(8)).save(raw / "kawung/blurred.png")
    Image.linear_gradient("L").resize((200, 200)).save(raw / "kawung/gradient.png")


def case_twins(raw: Path) -> None:
    save(raw, "kawung/GRÖSSE.png")
    save(raw, "kawung/grösse.png")


def copies(raw: Path) -> None:
    shutil.copy(raw / "kawung/grey.png", raw / "kawung/grey again.png")


def under_two_labels(raw: Path) -> None:
    shutil.copy(raw / "parang/0.png", raw / "kawung/0.png")


def another_label(raw: Path) -> None:
    for number in range(4):
        save(raw, f"Küche/{number}.png")


def one_class(raw: Path) -> None:
    shutil.rmtree(raw / "parang")


def twin_labels(raw: Path) -> None:
    for number in range(4):
        save(raw, f"PARANG/twin {number}.png")


def an_empty_class(raw: Path) -> None:
    (raw / "truntum").mkdir()


def one_group_repeated(raw: Path) -> None:
    shutil.copy(raw / "kawung/grey.png", raw / "kawung/the largest.png")


def imbalanced(raw: Path) -> None:
    save(raw, "parang/8.png")


CASES: dict[str, tuple[Breaking, dict[str, Any], list[str]]] = {
    "decodable": (
        undecodable,
        {},
        ["kawung/a text.jpg", "kawung/cut.jpg", "kawung/empty.png"],
    ),
    "min_side": (too_small, {}, ["kawung/a line.png"]),
    "max_side": (too_large, {}, ["kawung/a cloth.png"]),
    "modes": (
        odd_modes,
        {},
        ["kawung/16 bits.png", "kawung/palette.png", "kawung/print.jpg"],
    ),
    "min_brightness": (very_dark, {}, ["kawung/black.png", "kawung/night.png"]),
    "max_brightness": (very_bright, {}, ["kawung/glare.png", "kawung/white.png"]),
    "min_contrast": (of_one_colour, {}, ["kawung/a wall.jpg", "kawung/constant.png"]),
    "min_sharpness": (out_of_focus, {}, ["kawung/blurred.png", "kawung/gradient.png"]),
    "unique_names": (case_twins, {}, ["kawung/grösse.png"]),
    "max_duplicates": (copies, {}, ["kawung/grey.png"]),
    "max_conflicts": (
        under_two_labels,
        {"max_duplicates": 1.0},
        ["kawung/0.png", "parang/0.png"],
    ),
    "labels": (another_label, {}, []),
    "two_classes": (one_class, {"labels": ("kawung",)}, []),
    "unique_labels": (twin_labels, {"labels": None}, ["parang"]),
    "min_pictures": (an_empty_class, {"labels": None, "min_groups": 0}, ["truntum"]),
    "min_groups": (one_group_repeated, {"max_duplicates": 0.5}, ["kawung"]),
    "max_imbalance": (imbalanced, {}, ["kawung"]),
}


QUICK = ("decodable", "max_conflicts", "unique_labels", "min_groups")
"""Expectations that every run of the tests lets fail; each time takes half a second."""


@pytest.mark.parametrize(
    "name", [one for name in CASES for one in ([name] if name in QUICK else slow(name))]
)
def test_each_fails_alone(name: str, sound: Path, params: Validate) -> None:
    breaking, changes, rows = CASES[name]
    breaking(sound)
    assert failed(settled(sound, params, **changes)) == {name: rows}


def test_share_of_copies_at_its_limit_holds(sound: Path, params: Validate) -> None:
    for copy in range(3):
        shutil.copy(sound / "parang/0.png", sound / f"parang/copy {copy}.png")
    assert failed(settled(sound, params, max_imbalance=3.0, max_duplicates=0.2)) == {}


@pytest.mark.parametrize("limit", [0.0, 0.05, 0.07, 0.1, 0.29, 0.58, 0.9, 1.0])
def test_share_allows_whole_pictures_without_rounding_error(limit: float) -> None:
    for count in range(1, 500):
        share, allowed = mostly(limit, count)
        assert allowed <= limit * count + 1e-9 < allowed + 1
        assert (count - allowed) / count >= share > (count - allowed - 1) / count


def test_an_expectation_that_cannot_be_checked_is_a_fault_of_ours(params: Validate) -> None:
    from canting.data.validate import expectations

    table = pd.DataFrame({"path": ["kawung/1.png"], "width": np.array([3])})
    with pytest.raises(RuntimeError, match="could not check 'decodable'"):
        expectations.check(
            expectations.open_context(), {"pictures": table}, picture_checks(params, 1)
        )
