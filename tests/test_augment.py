"""Augmented views: each kind within its limits, and none in the way of another."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from canting.config.params import load
from canting.config.sections import Features
from canting.core.errors import CantingError
from canting.imaging import photometric
from canting.imaging.geometry import Matrix
from canting.imaging.pictures import Pixels
from canting.models import augmentation
from canting.models.augmentation import Parameters, affine
from tests.test_features import MOVING, STILL
from tests.test_params import edited

SIZE = (64, 80)
IDENTITY = "0123456789abcdef"
STRONG = MOVING.model_copy(
    update={
        "crop": 0.2,
        "perspective": 0.2,
        "grey": 0.3,
        "invert": 0.3,
        "tint": 0.3,
        "brightness": 0.4,
        "contrast": 0.4,
        "blur": 0.02,
        "jpeg": 30,
    }
)


@pytest.fixture(scope="module")
def picture() -> Pixels:
    coarse = np.random.default_rng(3).integers(0, 255, (8, 10, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=0).repeat(8, axis=1)


def views(picture: Pixels, settings: Features, count: int = 40) -> list[Pixels]:
    return [augmentation.view(picture, number, IDENTITY, settings, 1) for number in range(1, count)]


def draws(count: int = 300) -> list[Parameters]:
    return [augmentation.draw(np.random.default_rng(seed)) for seed in range(count)]


def test_view_zero_is_the_picture(picture: Pixels) -> None:
    assert augmentation.view(picture, 0, IDENTITY, STRONG, 1) is picture


def test_with_everything_off_a_view_is_the_picture(picture: Pixels) -> None:
    assert all(np.array_equal(view, picture) for view in views(picture, STILL, 4))


@pytest.mark.parametrize(
    ("key", "axis"), [("horizontal_flip", 1), ("vertical_flip", 0)], ids=["horizontal", "vertical"]
)
def test_flips_mirror_about_half_of_the_views(picture: Pixels, key: str, axis: int) -> None:
    made = views(picture, STILL.model_copy(update={key: True}))
    mirrored = sum(np.array_equal(view, np.flip(picture, axis)) for view in made)
    still = sum(np.array_equal(view, picture) for view in made)
    assert mirrored + still == len(made)
    assert 8 < mirrored < 32


@pytest.mark.parametrize(
    ("key", "limit"), [("rotation", 20.0), ("shear", 0.2), ("zoom", 0.2), ("shift", 0.1)]
)
def test_each_parameter_moves_within_its_limits(key: str, limit: float) -> None:
    settings = STILL.model_copy(update={key: limit})
    matrices: Matrix = np.stack([affine(one, settings, SIZE) for one in draws()])
    sizes = {
        "rotation": np.rad2deg(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0])),
        "shear": matrices[:, 0, 1],
        "zoom": matrices[:, 0, 0] - 1,
        "shift": matrices[:, 0, 2] / SIZE[1],
    }
    assert 0.9 * limit < np.abs(sizes[key]).max() <= limit
    assert abs(sizes[key].mean()) < 0.1 * limit
    assert all(np.ptp(sizes[other]) < 1e-9 for other in sizes if other != key and key != "rotation")


def test_crops_enlarge_evenly_and_stay_inside_the_picture() -> None:
    settings = STILL.model_copy(update={"crop": 0.25})
    matrices: Matrix = np.stack([affine(one, settings, SIZE) for one in draws()])
    side = matrices[:, 0, 0]
    assert np.array_equal(side, matrices[:, 1, 1])
    assert 0.5 <= side.min() < 0.51
    assert 0.99 < side.max() <= 1
    assert np.median(side) == pytest.approx(0.5**0.5, abs=0.03)
    for axis, length in ((0, SIZE[1]), (1, SIZE[0])):
        reach = np.abs(matrices[:, axis, 2]) + length / 2 * side
        assert 0.98 * length / 2 < reach.max() <= length / 2 + 1e-9


def test_a_perspective_tilts_within_its_limits() -> None:
    settings = STILL.model_copy(update={"perspective": 0.2})
    matrices: Matrix = np.stack([affine(one, settings, SIZE) for one in draws()])
    farther = matrices[:, 2, :2] * (SIZE[1] / 2, SIZE[0] / 2)
    assert 0.19 < np.abs(farther).max() <= 0.2
    assert np.array_equal(matrices[:, :2], np.broadcast_to(np.eye(3)[:2], (300, 2, 3)))


@pytest.mark.parametrize(
    ("key", "change"), [("grey", photometric.grey), ("invert", photometric.invert)]
)
def test_a_share_of_the_views_changes_its_colours(
    picture: Pixels, key: str, change: object
) -> None:
    made = views(picture, STILL.model_copy(update={key: 0.3}), 201)
    other = change(picture)  # type: ignore[operator]
    changed = sum(np.array_equal(view, other) for view in made)
    assert changed + sum(np.array_equal(view, picture) for view in made) == 200
    assert 40 < changed < 80


MIDDLE = Parameters(*[0.0] * len(Parameters._fields))


@pytest.mark.parametrize(
    ("settings", "numbers", "expected"),
    [
        ({"brightness": 0.4}, {"brightness": -0.5}, lambda one: photometric.gain(one, 0.8)),
        ({"contrast": 0.4}, {"contrast": 1.0}, lambda one: photometric.contrast(one, 1.4)),
        (
            {"tint": 0.2, "brightness": 0.5},
            {"red": 1.0, "green": -1.0, "brightness": 1.0},
            lambda one: photometric.gain(one, (1.8, 1.2, 1.5)),
        ),
        ({"blur": 0.1}, {"blur": -0.5}, lambda one: photometric.blur(one, 0.025)),
        ({"jpeg": 20}, {"jpeg": -1.0}, lambda one: photometric.jpeg(one, 20)),
        ({"jpeg": 20}, {"jpeg": 0.0}, lambda one: photometric.jpeg(one, 60)),
        (
            {"grey": 0.6, "invert": 0.6},
            {},
            lambda one: photometric.invert(photometric.grey(one)),
        ),
        (
            {"blur": 0.1, "jpeg": 20},
            {"blur": 1.0, "jpeg": -1.0},
            lambda one: photometric.jpeg(photometric.blur(one, 0.1), 20),
        ),
    ],
    ids=["brightness", "contrast", "tint", "blur", "jpeg", "jpeg 60", "colours", "order"],
)
def test_numbers_become_changes(
    picture: Pixels, settings: dict[str, float], numbers: dict[str, float], expected: object
) -> None:
    chosen, one = STILL.model_copy(update=settings), MIDDLE._replace(**numbers)
    made = augmentation.degraded(augmentation.photometric(picture, one, chosen), one, chosen)
    assert np.array_equal(made, expected(picture))  # type: ignore[operator]


def test_a_draw_depends_on_picture_view_and_seed_alone(picture: Pixels) -> None:
    first = augmentation.view(picture, 1, IDENTITY, STRONG, 1)
    assert np.array_equal(first, augmentation.view(picture, 1, IDENTITY, STRONG, 1))
    others = [(2, IDENTITY, 1), (1, IDENTITY[::-1], 1), (1, IDENTITY, 2)]
    for number, identity, seed in others:
        assert not np.array_equal(first, augmentation.view(picture, number, identity, STRONG, seed))


def test_what_is_switched_off_leaves_the_other_draws_alone() -> None:
    """The first eight numbers are those that were drawn before there were more."""
    first = np.random.default_rng(5).uniform(-1, 1, 8)
    assert augmentation.draw(np.random.default_rng(5))[:8] == tuple(first)
    one = draws(1)[0]
    without = STRONG.model_copy(update={"crop": 1.0, "perspective": 0.0})
    assert np.array_equal(affine(one, without, SIZE), affine(one, MOVING, SIZE))


@dataclass(frozen=True)
class Bad:
    """A value that is refused, and a word of the message."""

    key: str
    value: object
    word: str


@pytest.mark.parametrize(
    "bad",
    [
        Bad("features__crop", 0.0, "above 0"),
        Bad("features__crop", 1.5, "at most 1"),
        Bad("features__perspective", 0.5, "below 0.5"),
        Bad("features__grey", 1.2, "at most 1"),
        Bad("features__invert", -0.1, "at least 0"),
        Bad("features__tint", "0.2", "a number"),
        Bad("features__brightness", 2.0, "at most 1"),
        Bad("features__contrast", float("nan"), "finite"),
        Bad("features__blur", 0.5, "at most 0.1"),
        Bad("features__jpeg", 0, "at least 1"),
        Bad("features__jpeg", 50.5, "whole number"),
        Bad("corruptions__pictures", -1, "at least 0"),
        Bad("corruptions__leave_out", ["crops"], "Did you mean 'crop'"),
        Bad("corruptions__leave_out", "crop", "a list"),
    ],
    ids=lambda bad: f"{bad.key}={bad.value}",
)
def test_a_wrong_value_is_named(bad: Bad, tmp_path: Path) -> None:
    with pytest.raises(CantingError) as caught:
        load(edited(tmp_path, **{bad.key: bad.value}))
    told = str(caught.value)
    assert f"`{bad.key.replace('__', '.')}`" in told
    assert bad.word in told
    assert "Received: " in told


def test_the_parameters_of_the_project_change_no_colours() -> None:
    settings = load(Path(__file__).parents[1] / "params.yaml").features
    one = draws(1)[0]
    picture = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    assert (
        augmentation.degraded(augmentation.photometric(picture, one, settings), one, settings)
        is picture
    )
    assert affine(one, settings, SIZE)[2].tolist() == [0, 0, 1]
