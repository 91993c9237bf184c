"""Augmented views, the engine, and features that are kept view by view."""

from pathlib import Path

import numpy as np
import pytest

from canting.backbones.cut import split
from canting.core import files
from canting.core.params import Features
from canting.features import augment, compute, store, trunk
from canting.features.compute import Pictures

STILL = Features(
    views=2,
    horizontal_flip=False,
    vertical_flip=False,
    rotation=0.0,
    shear=0.0,
    zoom=0.0,
    shift=0.0,
)
MOVING = Features(
    views=2,
    horizontal_flip=True,
    vertical_flip=True,
    rotation=20.0,
    shear=0.2,
    zoom=0.2,
    shift=0.1,
)
SIZE = (64, 80)
IDENTITY = "0123456789abcdef"


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    generator = np.random.default_rng(3)
    coarse = generator.integers(0, 255, (40, 8, 10, 3), dtype=np.uint8)
    array = coarse.repeat(8, axis=1).repeat(8, axis=2)
    return Pictures(array, [files.digest(number) for number in range(len(array))])


def views(picture: np.ndarray, settings: Features, count: int = 40) -> list[np.ndarray]:
    return [augment.view(picture, number, IDENTITY, settings, 1) for number in range(1, count)]


def test_view_zero_is_the_picture(pictures: Pictures) -> None:
    picture = pictures.array[0]
    assert augment.view(picture, 0, IDENTITY, MOVING, 1) is picture


def test_with_everything_off_a_view_is_the_picture(pictures: Pictures) -> None:
    picture = pictures.array[0]
    assert all(np.array_equal(view, picture) for view in views(picture, STILL, 4))


@pytest.mark.parametrize(
    ("key", "axis"), [("horizontal_flip", 1), ("vertical_flip", 0)], ids=["horizontal", "vertical"]
)
def test_flips_mirror_about_half_of_the_views(pictures: Pictures, key: str, axis: int) -> None:
    picture = pictures.array[0]
    drawn = views(picture, STILL.model_copy(update={key: True}))
    mirrored = sum(np.array_equal(view, np.flip(picture, axis)) for view in drawn)
    still = sum(np.array_equal(view, picture) for view in drawn)
    assert mirrored + still == len(drawn)
    assert 8 < mirrored < 32


@pytest.mark.parametrize(
    ("key", "limit"), [("rotation", 20.0), ("shear", 0.2), ("zoom", 0.2), ("shift", 0.1)]
)
def test_each_parameter_moves_within_its_limits(key: str, limit: float) -> None:
    settings = STILL.model_copy(update={key: limit})
    matrices = np.stack(
        [augment.draw(np.random.default_rng(seed), settings, SIZE) for seed in range(300)]
    )
    sizes = {
        "rotation": np.rad2deg(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0])),
        "shear": matrices[:, 0, 1],
        "zoom": matrices[:, 0, 0] - 1,
        "shift": matrices[:, 0, 2] / SIZE[1],
    }
    assert 0.9 * limit < np.abs(sizes[key]).max() <= limit
    assert abs(sizes[key].mean()) < 0.1 * limit
    assert all(np.ptp(sizes[other]) < 1e-9 for other in sizes if other != key and key != "rotation")


def test_a_shift_moves_the_picture_by_its_pixels(pictures: Pictures) -> None:
    matrix = np.eye(3)
    matrix[:2, 2] = 8, -16
    moved = augment.warp(pictures.array[0], matrix)
    assert np.array_equal(moved[16:, :-8], pictures.array[0][:-16, 8:])


def test_a_draw_depends_on_picture_view_and_seed_alone(pictures: Pictures) -> None:
    picture = pictures.array[0]
    first = augment.view(picture, 1, IDENTITY, MOVING, 1)
    assert np.array_equal(first, augment.view(picture, 1, IDENTITY, MOVING, 1))
    others = [(2, IDENTITY, 1), (1, IDENTITY[::-1], 1), (1, IDENTITY, 2)]
    for number, identity, seed in others:
        assert not np.array_equal(first, augment.view(picture, number, identity, MOVING, seed))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def run(pictures: Pictures, cache: Path, target: Path, settings: Features) -> compute.Cost:
    return compute.compute(
        "efficientnet_lite0", None, pictures, settings, 1, cache=cache, target=target
    )


def test_features_agree_with_keras(pictures: Pictures, cache: Path, tmp_path: Path) -> None:
    run(pictures, cache, tmp_path / "features", MOVING)
    network = split("efficientnet_lite0", None, SIZE).trunk
    assert network is not None
    kept = store.Store(tmp_path / "features")
    assert kept.augmented == 2
    for number in range(3):
        drawn = [
            augment.view(picture, number, identity, MOVING, 1)
            for picture, identity in zip(pictures.array, pictures.digests, strict=True)
        ]
        expected = np.asarray(network.predict_on_batch(np.stack(drawn).astype(np.float32)))
        scale = np.abs(expected).max()
        assert np.abs(kept.view(number) - expected).max() < 1e-4 * scale


def test_the_cut_trunk_agrees_with_keras(pictures: Pictures, cache: Path) -> None:
    answer = trunk.load("efficientnet_lite0", "block3_expand_conv", SIZE, cache)
    network = split("efficientnet_lite0", "block3_expand_conv", SIZE).trunk
    assert network is not None
    expected = np.asarray(network.predict_on_batch(pictures.array[:4].astype(np.float32)))
    received = np.stack([answer(picture) for picture in pictures.array[:4]])
    assert received.shape[1:] == (16, 20, 24)
    assert np.abs(received - expected).max() < 1e-4 * np.abs(expected).max()


def test_only_missing_views_are_made(pictures: Pictures, cache: Path, tmp_path: Path) -> None:
    run(pictures, cache, tmp_path / "a", MOVING)
    before = [path.read_bytes() for path in sorted((tmp_path / "a").glob("*.npy"))]
    assert run(pictures, cache, tmp_path / "a", MOVING).computed_views == 0
    more = MOVING.model_copy(update={"views": 3})
    assert run(pictures, cache, tmp_path / "b", more).computed_views == 1
    other = MOVING.model_copy(update={"rotation": 5.0})
    assert run(pictures, cache, tmp_path / "c", other).computed_views == 2
    after = [path.read_bytes() for path in sorted((tmp_path / "b").glob("*.npy"))]
    assert after[:3] == before


def test_an_interrupted_run_goes_on_and_ends_the_same(
    pictures: Pictures, cache: Path, tmp_path: Path
) -> None:
    run(pictures, cache, tmp_path / "features", MOVING)
    fresh = tmp_path / "cache"
    (fresh / "trunks").mkdir(parents=True)
    for path in (cache / "trunks").iterdir():
        (fresh / "trunks" / path.name).write_bytes(path.read_bytes())
    broken = Pictures(pictures.array, [*pictures.digests[:-1], "not a digest"])
    with pytest.raises(ValueError, match="invalid literal"):
        run(broken, fresh, tmp_path / "again", MOVING)
    assert not (tmp_path / "again").exists()
    for path in (fresh / "features").iterdir():
        assert len(np.load(path)) == len(pictures.array)
    run(pictures, fresh, tmp_path / "again", MOVING)
    names = sorted(path.name for path in (tmp_path / "features").iterdir())
    assert names == ["key.json", "view_000.npy", "view_001.npy", "view_002.npy"]
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (
            tmp_path / "features" / name
        ).read_bytes()


def test_a_backbone_trained_from_nothing_keeps_the_pictures(
    pictures: Pictures, tmp_path: Path
) -> None:
    compute.compute(
        "small_cnn", None, pictures, STILL, 1, cache=tmp_path, target=tmp_path / "features"
    )
    kept = store.Store(tmp_path / "features")
    assert kept.view(0).dtype == np.uint8
    assert np.array_equal(kept.view(0), pictures.array)
